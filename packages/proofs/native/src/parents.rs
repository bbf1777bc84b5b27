//! The SDR parents cache: which earlier nodes each node's label depends on, the same for all sectors of a size.
//!
//! The library makes the file at its full length and then fills it. A process killed in between leaves a file
//! of zeros that later runs take for good: they would seal sectors that can never be proven. So it is made
//! under a lock, and a file that nobody finished is recognised and made again.

use anyhow::{Context, Result};
use filecoin_proofs::parameters::public_params;
use filecoin_proofs::with_shape;
use std::fs::{self, File};
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use storage_proofs_core::merkle::MerkleTreeTrait;
use storage_proofs_core::settings::SETTINGS;

use crate::permit::Permit;
use crate::progress::Progress;
use crate::proof_types::seal_proof;

/// Bytes of one node's entry: 6 base and 8 expander parents, 4 bytes each.
const ENTRY_BYTES: usize = 14 * 4;

/// Makes the parents cache of a sector size unless a finished one is there.
pub fn ensure_parents(sector_size: u64, progress: &Progress) -> Result<()> {
    let directory = PathBuf::from(&SETTINGS.parent_cache);
    let _lock = Permit::take(
        &directory.join("parents.lock"),
        "waiting for the parents cache",
        progress,
    )?;
    with_shape!(sector_size, ensure_of, sector_size)
}

fn ensure_of<Tree: 'static + MerkleTreeTrait>(sector_size: u64) -> Result<()> {
    let params = public_params::<Tree>(&seal_proof(sector_size)?.as_v1_config())?;
    // Makes the file, or opens what is there; either way it tells the name.
    let path = match params.graph.parent_cache() {
        Ok(cache) => cache.path,
        Err(error) => match truncated_cache(&error) {
            Some(path) => path,
            None => return Err(error),
        },
    };
    let mark = path.with_extension("complete");
    if mark.exists() {
        return Ok(());
    }
    if !is_complete(&path, sector_size)? {
        // Half of a file that this very function makes again: nothing of value is lost.
        fs::remove_file(&path).with_context(|| path.display().to_string())?;
        params.graph.parent_cache()?;
    }
    fs::write(&mark, "").with_context(|| mark.display().to_string())
}

/// The path in the library's "corrupted cache: <path>, expected at least …", its error for a short file.
fn truncated_cache(error: &anyhow::Error) -> Option<PathBuf> {
    let text = error.to_string();
    let (path, _) = text
        .strip_prefix("corrupted cache: ")?
        .split_once(", expected at least")?;
    Some(PathBuf::from(path))
}

/// Whether every entry has been written. Real entries are never all zero: the expander parents of even the
/// first node are spread over the whole sector.
fn is_complete(path: &Path, sector_size: u64) -> Result<bool> {
    let nodes = sector_size / 32;
    let file = File::open(path).with_context(|| path.display().to_string())?;
    if file.metadata()?.len() != nodes * ENTRY_BYTES as u64 {
        return Ok(false);
    }
    let mut entries = BufReader::with_capacity(ENTRY_BYTES << 14, file);
    let mut entry = [0u8; ENTRY_BYTES];
    loop {
        match entries.read_exact(&mut entry) {
            Ok(()) if entry == [0; ENTRY_BYTES] => return Ok(false),
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(true),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_anywhere_mean_unfinished() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("parents.cache");
        let mut bytes = vec![1u8; 64 * ENTRY_BYTES];
        fs::write(&path, &bytes).unwrap();
        assert!(is_complete(&path, 2048).unwrap());
        bytes[63 * ENTRY_BYTES..].fill(0);
        fs::write(&path, &bytes).unwrap();
        assert!(!is_complete(&path, 2048).unwrap());
        fs::write(&path, &bytes[..ENTRY_BYTES]).unwrap();
        assert!(!is_complete(&path, 2048).unwrap());
    }

    #[test]
    fn the_librarys_error_for_a_short_file_names_it() {
        let error = anyhow::anyhow!("corrupted cache: /x/v28.cache, expected at least 5, got 0 bytes");
        assert_eq!(truncated_cache(&error), Some(PathBuf::from("/x/v28.cache")));
        assert_eq!(truncated_cache(&anyhow::anyhow!("other")), None);
    }
}
