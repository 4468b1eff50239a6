"""What a language model writes about speakers and utterances before a model is trained or labels."""
