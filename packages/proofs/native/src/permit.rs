//! A lock that one process of this machine holds at a time and that the kernel frees when it dies.

use anyhow::{Context, Result};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::path::Path;

use crate::progress::Progress;

/// Held until dropped, or until the process ends in whatever way.
pub struct Permit {
    _file: File,
}

impl Permit {
    /// Takes the lock file, waiting for its present holder and saying so.
    pub fn take(path: &Path, waiting_stage: &str, progress: &Progress) -> Result<Permit> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .with_context(|| path.display().to_string())?;
        if !lock(&file, libc::LOCK_EX | libc::LOCK_NB)? {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let holder = holder.trim();
            if holder.is_empty() {
                progress.report(waiting_stage, None);
            } else {
                progress.report(&format!("{waiting_stage} (held by process {holder})"), None);
            }
            lock(&file, libc::LOCK_EX)?;
        }
        // Only for whoever waits next and for a curious operator; the lock itself is the kernel's.
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Permit { _file: file })
    }
}

/// True if the lock was taken, false if it is held elsewhere and LOCK_NB was asked for.
fn lock(file: &File, operation: i32) -> io::Result<bool> {
    loop {
        // SAFETY: flock on a descriptor that `file` keeps open.
        if unsafe { libc::flock(file.as_raw_fd(), operation) } == 0 {
            return Ok(true);
        }
        let error = io::Error::last_os_error();
        match error.kind() {
            io::ErrorKind::Interrupted => {}
            io::ErrorKind::WouldBlock => return Ok(false),
            _ => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_taker_waits_for_the_first() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("permits/c2.lock");
        let first = Permit::take(&path, "waiting", &Progress::silent()).unwrap();
        let contender = File::open(&path).unwrap();
        assert!(!lock(&contender, libc::LOCK_EX | libc::LOCK_NB).unwrap());
        drop(first);
        assert!(lock(&contender, libc::LOCK_EX | libc::LOCK_NB).unwrap());
    }
}
