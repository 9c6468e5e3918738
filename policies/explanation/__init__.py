"""Why the answer is what it is: the reason told, each rule's account, the next opening."""
