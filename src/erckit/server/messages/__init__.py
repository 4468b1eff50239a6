"""What is said: questions and answers as JSON, checked."""
