//! A child must never outlive the parent that would hear its result.

use std::io;

/// Asks the kernel to kill this process when its parent dies. Returns false if the parent is already
/// gone: it may have died before the request was made.
pub fn die_with_parent(expected_parent: u32) -> io::Result<bool> {
    // SAFETY: prctl with PR_SET_PDEATHSIG and getppid touch no memory of ours.
    unsafe {
        if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(libc::getppid() as u32 == expected_parent)
    }
}
