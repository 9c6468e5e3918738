"""People and what is decided about them: registers, revisions, enrolment, codes, keyrings."""
