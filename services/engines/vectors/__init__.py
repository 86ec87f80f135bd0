"""The vector store: one Protocol, Qdrant Edge in this process, Qdrant server through qdrant-client."""
