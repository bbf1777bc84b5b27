//! Getting data back out of a sealed sector.

use anyhow::{Context, Result};
use filecoin_proofs_api::{seal, UnpaddedByteIndex, UnpaddedBytesAmount};
use serde::Deserialize;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use crate::failure::{fail, Code};
use crate::files::{partial_path, require_length, require_p_aux, write_whole};
use crate::parents::ensure_parents;
use crate::progress::Progress;
use crate::proof_types::{prover_id, seal_proof};
use crate::seal::Sector;
use crate::wire::{decimal, Bytes32};

/// Data bytes in one 128-byte padded quad.
const UNPADDED_QUAD: u64 = 127;
const PADDED_QUAD: u64 = 128;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnsealRange {
    pub sector: Sector,
    pub ticket: Bytes32,
    pub comm_d: Bytes32,
    pub sealed_path: PathBuf,
    pub cache_dir: PathBuf,
    pub output_path: PathBuf,
    /// Unpadded bytes from the start of the sector.
    #[serde(with = "decimal")]
    pub offset: u64,
    #[serde(with = "decimal")]
    pub length: u64,
}

/// Writes `length` data bytes from `offset` to the output file.
///
/// A wrong ticket or CommD gives wrong bytes, not an error: the caller recomputes the piece's commitment.
pub fn unseal_range(task: &UnsealRange, progress: &Progress) -> Result<()> {
    let UnsealRange {
        sector,
        sealed_path,
        cache_dir,
        output_path,
        ..
    } = task;
    let proof = seal_proof(sector.sector_size)?;
    let available = sector.sector_size / PADDED_QUAD * UNPADDED_QUAD;
    let end = task
        .offset
        .checked_add(task.length)
        .filter(|end| *end <= available);
    let Some(end) = end.filter(|_| task.length > 0) else {
        return fail(
            Code::InvalidInput,
            format!(
                "{} bytes from {} are not inside the sector's {available}",
                task.length, task.offset
            ),
        );
    };
    require_length(sealed_path, "the sealed file", sector.sector_size)?;
    require_p_aux(cache_dir)?;

    ensure_parents(sector.sector_size, progress)?;

    // The library converts offsets to padded bytes, which is exact for whole quads only.
    let first = task.offset / UNPADDED_QUAD * UNPADDED_QUAD;
    let last = end.div_ceil(UNPADDED_QUAD) * UNPADDED_QUAD;
    let whole = partial_path(output_path).with_extension("quads");
    let written = seal::get_unsealed_range(
        proof,
        cache_dir,
        sealed_path,
        &whole,
        prover_id(sector.miner_id),
        sector.sector_number.into(),
        task.comm_d.0,
        task.ticket.0,
        UnpaddedByteIndex(first),
        UnpaddedBytesAmount(last - first),
    )?;
    if u64::from(written) != last - first {
        return fail(
            Code::NativeFailed,
            format!(
                "unsealed {} bytes instead of {}",
                u64::from(written),
                last - first
            ),
        );
    }
    let mut quads = File::open(&whole).with_context(|| whole.display().to_string())?;
    quads.seek(SeekFrom::Start(task.offset - first))?;
    write_whole(output_path, |out| {
        io::copy(&mut quads.take(task.length), out)?;
        Ok(())
    })?;
    // Our own scratch file of a moment ago, not anything that was in service.
    fs::remove_file(&whole)?;
    Ok(())
}
