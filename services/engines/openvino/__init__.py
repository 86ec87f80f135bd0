"""Embeddings by OpenVINO: a graph made once from a sentence-transformers model, run without torch.

Read in this order: prepared.py (what lies on disk), ../prepare.py (the child that makes it), calibrate.py (the child
that measures the precisions of this processor), quantize.py (the 8-bit copy of a graph), graph.py (the compiled graph),
embedder.py (the engine the product uses).
"""

from services.engines.openvino.embedder import OpenVinoEmbedder

__all__ = ["OpenVinoEmbedder"]
