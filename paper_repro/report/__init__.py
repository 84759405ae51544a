"""The result of the reproduction, from records alone: a page in Markdown and HTML, figures, LaTeX tables."""
