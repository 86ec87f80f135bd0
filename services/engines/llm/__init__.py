"""The language model: the port in base.py, and behind it any OpenAI-compatible server, vLLM first of all."""
