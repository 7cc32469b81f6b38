"""The demo catalogue: composed, synthesised, mixed, mastered and painted by this code alone."""

from antiphon.app.demo.generate import generate

__all__ = ["generate"]
