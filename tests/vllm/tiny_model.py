"""Builds the model that the vLLM tests serve: a Qwen2 of random weights, some hundred KB, with a tokenizer of its own.

    python tests/vllm/tiny_model.py FOLDER

Runs in the environment of `make test-vllm`, which has torch and transformers. It says nothing sensible, and needs no
download. Its context is so long that an answer that nobody stops takes minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

CONTEXT_TOKENS = 16384
END, START, PAD = "<|im_end|>", "<|im_start|>", "<|endoftext|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def tokenizer_from(texts: list[str]) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer, as Qwen2 has one: every byte is in its alphabet, so it reads any text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1024,
        special_tokens=[PAD, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        chat_template=CHAT_TEMPLATE,
        model_max_length=CONTEXT_TOKENS,
    )


def build(folder: Path) -> None:
    """Write model, tokenizer and chat template; the same weights every time."""
    repository = Path(__file__).parent.parent.parent
    tokenizer = tokenizer_from([path.read_text() for path in sorted(repository.glob("*.md"))])
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        # With 2 it writes 700 tokens a second, which keeps vLLM's own HTTP side from answering anything else.
        num_hidden_layers=16,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=CONTEXT_TOKENS,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.convert_tokens_to_ids(PAD),
        eos_token_id=tokenizer.convert_tokens_to_ids(END),
        dtype="bfloat16",
    )
    model = Qwen2ForCausalLM(config).to(torch.bfloat16)
    with torch.no_grad():
        # At temperature 0 the model never ends by itself: these score 0, and one of a thousand others is above that.
        model.get_input_embeddings().weight[tokenizer.all_special_ids] = 0
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
