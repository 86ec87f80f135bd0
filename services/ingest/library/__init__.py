"""The library: folders and tags, and what people do with documents under way and with many documents at once."""
