"""Embeddings by OpenVINO: a graph made once from a sentence-transformers model, run without torch.

Read in this order: prepared.py (what lies on disk), ../prepare.py (the child that makes it), calibrate.py (the child
that measures bf16 and f32 on this processor), graph.py (the compiled graph), embedder.py (the engine the product uses).
"""

from services.engines.openvino.embedder import OpenVinoEmbedder

__all__ = ["OpenVinoEmbedder"]
