"""``python -m antiphon.app`` is the ``antiphon`` command."""

from antiphon.app.cli import main

main()
