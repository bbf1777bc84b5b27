//! Progress lines for the parent process: one JSON object a line on a file descriptor of its own.

use std::fs::File;
use std::io::Write;
use std::mem::ManuallyDrop;
use std::os::fd::{FromRawFd, RawFd};
use std::sync::Mutex;

/// Where progress goes. Reporting never fails: a parent that is gone has other ways to tell.
pub struct Progress {
    out: Option<Mutex<ManuallyDrop<File>>>,
}

impl Progress {
    /// Writes to an open descriptor, which stays open when this is dropped.
    pub fn to_descriptor(descriptor: RawFd) -> Self {
        // SAFETY: the runner opened this descriptor for us as a pipe; ManuallyDrop leaves closing to it.
        let file = unsafe { File::from_raw_fd(descriptor) };
        Progress {
            out: Some(Mutex::new(ManuallyDrop::new(file))),
        }
    }

    /// Reports to nobody.
    pub fn silent() -> Self {
        Progress { out: None }
    }

    /// Says which stage is running and, when known, how much of the whole task is done (0 to 1).
    pub fn report(&self, stage: &str, fraction: Option<f64>) {
        let Some(out) = &self.out else { return };
        let line = match fraction {
            Some(fraction) => serde_json::json!({ "stage": stage, "fraction": fraction }),
            None => serde_json::json!({ "stage": stage }),
        };
        if let Ok(mut file) = out.lock() {
            let _ = file.write_all(format!("{{\"progress\":{line}}}\n").as_bytes());
        }
    }
}
