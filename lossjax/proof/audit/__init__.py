"""Other libraries' losses, held against exact arithmetic: one adapter a library, findings, pages."""
