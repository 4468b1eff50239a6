"""Systems that train their encoder."""
