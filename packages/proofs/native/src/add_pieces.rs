//! Writing pieces into an unsealed sector file, each at an offset that its own size divides.

use anyhow::{Context, Result};
use filecoin_proofs::pieces::zero_padding;
use filecoin_proofs_api::{seal, PaddedBytesAmount, PieceInfo, UnpaddedBytesAmount};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::failure::{fail, Code};
use crate::files::require_file;
use crate::proof_types::seal_proof;
use crate::wire::{decimal, Bytes32};

/// The smallest piece: 127 bytes of data, 128 once padded.
const MIN_PIECE_BYTES: u64 = 128;

/// A piece to be written: raw bytes in a file, zero-extended to the piece's size.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PieceSource {
    pub path: PathBuf,
    #[serde(with = "decimal")]
    pub padded_size: u64,
}

/// A piece as commitments see it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Piece {
    pub comm_p: Bytes32,
    #[serde(with = "decimal")]
    pub padded_size: u64,
}

/// A piece in its place. Fillers are the zero pieces between and behind the given ones.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlacedPiece {
    #[serde(flatten)]
    pub piece: Piece,
    /// Padded bytes from the start of the sector.
    #[serde(with = "decimal")]
    pub offset: u64,
    pub filler: bool,
}

/// Everything in the sector, in order and without holes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Packed {
    pub pieces: Vec<PlacedPiece>,
    pub comm_d: Bytes32,
}

/// Writes the pieces in the given order, aligned, and fills the rest of the sector with zeros.
pub fn add_pieces(sector_size: u64, sources: &[PieceSource], unsealed: &Path) -> Result<Packed> {
    let proof = seal_proof(sector_size)?;
    let slots = layout(sector_size, sources)?;
    let mut target = OpenOptions::new()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .open(unsealed)
        .with_context(|| unsealed.display().to_string())?;
    target.set_len(sector_size)?;

    let mut pieces = Vec::with_capacity(slots.len());
    for slot in slots {
        let size = UnpaddedBytesAmount::from(PaddedBytesAmount(slot.size));
        let info = match slot.source {
            // Zero data is zero once padded, and the file is already that long.
            None => zero_padding(size)?,
            Some(source) => {
                target.seek(SeekFrom::Start(slot.offset))?;
                let data = zero_extended(&source.path, u64::from(size))?;
                seal::add_piece(proof, data, &mut target, size, &[])?.0
            }
        };
        pieces.push(PlacedPiece {
            piece: Piece {
                comm_p: Bytes32(info.commitment),
                padded_size: slot.size,
            },
            offset: slot.offset,
            filler: slot.source.is_none(),
        });
    }
    target.sync_all()?;

    let comm_d = comm_d(sector_size, pieces.iter().map(|placed| &placed.piece))?;
    Ok(Packed {
        pieces,
        comm_d: Bytes32(comm_d),
    })
}

/// The data commitment of a sector that holds these pieces in this order.
pub fn comm_d<'a>(sector_size: u64, pieces: impl IntoIterator<Item = &'a Piece>) -> Result<[u8; 32]> {
    seal::compute_comm_d(seal_proof(sector_size)?, &piece_infos(pieces)?)
}

/// The library's form of a piece list; refuses sizes that no piece can have.
pub fn piece_infos<'a>(pieces: impl IntoIterator<Item = &'a Piece>) -> Result<Vec<PieceInfo>> {
    pieces
        .into_iter()
        .map(|piece| {
            require_piece_size(piece.padded_size)?;
            let size = UnpaddedBytesAmount::from(PaddedBytesAmount(piece.padded_size));
            PieceInfo::new(piece.comm_p.0, size)
        })
        .collect()
}

struct Slot<'a> {
    offset: u64,
    size: u64,
    source: Option<&'a PieceSource>,
}

fn require_piece_size(size: u64) -> Result<()> {
    if size >= MIN_PIECE_BYTES && size.is_power_of_two() {
        return Ok(());
    }
    fail(
        Code::InvalidInput,
        format!("a piece of {size} padded bytes is not a power of two from {MIN_PIECE_BYTES}"),
    )
}

/// Places each piece at the next multiple of its size and covers every gap with fillers.
fn layout(sector_size: u64, sources: &[PieceSource]) -> Result<Vec<Slot<'_>>> {
    let mut slots = Vec::new();
    let mut offset = 0;
    for source in sources {
        require_piece_size(source.padded_size)?;
        fill_until(&mut slots, &mut offset, source.padded_size);
        slots.push(Slot {
            offset,
            size: source.padded_size,
            source: Some(source),
        });
        offset += source.padded_size;
        if offset > sector_size {
            return fail(
                Code::InvalidInput,
                format!("the pieces need {offset} bytes, the sector has {sector_size}"),
            );
        }
    }
    if sources.is_empty() {
        slots.push(Slot {
            offset: 0,
            size: sector_size,
            source: None,
        });
    } else {
        fill_until(&mut slots, &mut offset, sector_size);
    }
    Ok(slots)
}

/// Adds fillers until `alignment` divides `offset`. Each is the largest that fits its own alignment.
fn fill_until<'a>(slots: &mut Vec<Slot<'a>>, offset: &mut u64, alignment: u64) {
    while !offset.is_multiple_of(alignment) {
        let size = 1 << offset.trailing_zeros();
        slots.push(Slot {
            offset: *offset,
            size,
            source: None,
        });
        *offset += size;
    }
}

/// The file's bytes followed by zeros, `length` bytes in all. A longer file is refused, not cut.
fn zero_extended(path: &Path, length: u64) -> Result<impl Read> {
    let found = require_file(path, "the piece")?;
    if found == 0 || found > length {
        return fail(
            Code::FileLength,
            format!(
                "the piece has {found} bytes, its size allows 1 to {length}: {}",
                path.display()
            ),
        );
    }
    let file = File::open(path).with_context(|| path.display().to_string())?;
    Ok(file.take(found).chain(io::repeat(0).take(length - found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(padded_size: u64) -> PieceSource {
        PieceSource {
            path: PathBuf::new(),
            padded_size,
        }
    }

    fn places(sector_size: u64, sizes: &[u64]) -> Vec<(u64, u64, bool)> {
        let sources: Vec<_> = sizes.iter().copied().map(source).collect();
        let slots = layout(sector_size, &sources).unwrap();
        slots
            .iter()
            .map(|slot| (slot.offset, slot.size, slot.source.is_none()))
            .collect()
    }

    #[test]
    fn gaps_are_filled_with_ascending_powers_of_two() {
        assert_eq!(
            places(2048, &[128, 512]),
            [
                (0, 128, false),
                (128, 128, true),
                (256, 256, true),
                (512, 512, false),
                (1024, 1024, true),
            ]
        );
    }

    #[test]
    fn an_empty_sector_is_one_filler() {
        assert_eq!(places(2048, &[]), [(0, 2048, true)]);
    }

    #[test]
    fn a_full_sector_has_no_filler_and_more_is_refused() {
        assert_eq!(places(2048, &[2048]), [(0, 2048, false)]);
        assert!(layout(2048, &[source(2048), source(128)]).is_err());
        assert!(layout(2048, &[source(100)]).is_err());
    }
}
