"""How much GPU memory a language model needs: pure arithmetic over a model's `config.json`."""
