"""The five languages of the product: which there are, and the texts of each."""

from shared.language.texts import LANGUAGES, Texts, best_language, texts

__all__ = ["LANGUAGES", "Texts", "best_language", "texts"]
