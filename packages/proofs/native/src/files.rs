//! Existence and length checks before any library call.
//!
//! The library maps files into memory and trusts their length: a short one panics, or kills the process
//! with SIGBUS when it shrinks while mapped.

use anyhow::{Context, Result};
use serde::{de::DeserializeOwned, Serialize};
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::failure::{fail, Code};

/// Bytes of one tree node.
const NODE_BYTES: u64 = 32;

/// Requires a regular file and returns its length.
pub fn require_file(path: &Path, role: &str) -> Result<u64> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(found.len()),
        Ok(_) => fail(
            Code::FileMissing,
            format!("{role} is not a regular file: {}", path.display()),
        ),
        Err(error) => fail(
            Code::FileMissing,
            format!("{role} cannot be read: {}: {error}", path.display()),
        ),
    }
}

/// Requires a regular file of exactly `length` bytes.
pub fn require_length(path: &Path, role: &str, length: u64) -> Result<()> {
    let found = require_file(path, role)?;
    if found == length {
        return Ok(());
    }
    fail(
        Code::FileLength,
        format!("{role} has {found} bytes instead of {length}: {}", path.display()),
    )
}

/// Requires a directory.
pub fn require_directory(path: &Path, role: &str) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fail(
        Code::FileMissing,
        format!("{role} is not a directory: {}", path.display()),
    )
}

/// Requires what PC1 leaves in a cache directory: the data tree and every label layer.
pub fn require_labels(cache: &Path, sector_size: u64, layers: usize) -> Result<()> {
    require_directory(cache, "the cache directory")?;
    let nodes = sector_size / NODE_BYTES;
    require_length(
        &cache.join("sc-02-data-tree-d.dat"),
        "the data tree",
        (2 * nodes - 1) * NODE_BYTES,
    )?;
    for layer in 1..=layers {
        let path = cache.join(format!("sc-02-data-layer-{layer}.dat"));
        require_length(&path, &format!("label layer {layer}"), sector_size)?;
    }
    Ok(())
}

/// Requires the small file that binds a sealed sector to its trees.
pub fn require_p_aux(cache: &Path) -> Result<()> {
    require_directory(cache, "the cache directory")?;
    // Two 32-byte commitments: comm_c and comm_r_last.
    require_length(&cache.join("p_aux"), "the persistent aux file", 2 * NODE_BYTES)
}

/// Reads a JSON file written by [`write_json`].
pub fn read_json<T: DeserializeOwned>(path: &Path, role: &str) -> Result<T> {
    require_file(path, role)?;
    let reader = BufReader::new(File::open(path).with_context(|| path.display().to_string())?);
    serde_json::from_reader(reader).or_else(|error| {
        fail(
            Code::InvalidInput,
            format!(
                "{role} is not what the step before writes: {}: {error}",
                path.display()
            ),
        )
    })
}

/// Writes a JSON file so that it is either absent or whole, and on disk.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    write_whole(path, |out| Ok(serde_json::to_writer(out, value)?))
}

/// Writes a file under a temporary name, syncs it, then renames it into place.
pub fn write_whole(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> Result<()>) -> Result<()> {
    write_whole_as(&partial_path(path), path, fill)
}

/// Like [`write_whole`], with a temporary name of the caller's choice on the same volume.
pub fn write_whole_as(
    partial: &Path,
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<()>,
) -> Result<()> {
    let file = File::create(partial).with_context(|| partial.display().to_string())?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    fill(&mut out)?;
    out.flush()?;
    out.get_ref().sync_all()?;
    drop(out);
    fs::rename(partial, path).with_context(|| path.display().to_string())
}

/// The name of a file while it is being written; unique per process, so two writers cannot mix.
pub fn partial_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".partial-{}", std::process::id()));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_file_is_named_with_both_lengths() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sealed");
        fs::write(&path, [0; 1024]).unwrap();
        let error = require_length(&path, "the sealed file", 2048).unwrap_err();
        assert!(error
            .to_string()
            .starts_with("FILE_LENGTH: the sealed file has 1024 bytes instead of 2048"));
    }

    #[test]
    fn json_survives_a_round_trip() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.json");
        write_json(&path, &vec![1, 2, 3]).unwrap();
        assert_eq!(read_json::<Vec<u8>>(&path, "numbers").unwrap(), [1, 2, 3]);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
