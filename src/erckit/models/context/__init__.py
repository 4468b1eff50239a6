"""Systems over utterance vectors."""
