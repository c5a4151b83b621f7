package php

// interesting says whether a file holds anything that the machine should look
// at.
func interesting(data []byte) bool { return len(data) > 0 }
