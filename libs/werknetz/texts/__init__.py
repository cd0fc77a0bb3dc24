"""Sentences in German and English, from one catalogue: the files of `sentences`.

A raise site states the code of a sentence and its fields; the text is chosen when an answer is
written, by the language of its request.
"""
