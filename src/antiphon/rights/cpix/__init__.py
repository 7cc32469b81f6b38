"""CPIX 2.3 documents (DASH-IF) and SPEKE v2.0, which exchanges them with DRM key servers."""
