package agent

import "syscall"

// noFollow opens a link itself instead of what it leads to.
const noFollow = syscall.FILE_FLAG_OPEN_REPARSE_POINT
