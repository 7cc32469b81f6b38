"""Moving an installation to other engines: ``antiphon migrate``.

Copying brings the target to what the source holds, whatever is there of an earlier run; verifying
reads both ends again. What carries a place in the log gets the place of the same records in the
target (ADR 20). A mark stands in the target from the first write to the end of the last check.
"""
