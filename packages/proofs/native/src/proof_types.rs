//! Which registered proof a sector size means, and the identities that proofs are bound to.

use anyhow::Result;
use filecoin_proofs_api::{ProverId, RegisteredPoStProof, RegisteredSealProof, RegisteredUpdateProof};

use crate::failure::{fail, Code};

/// The seal proof of network version 28 for a sector size: StackedDrg V1_1.
pub fn seal_proof(sector_size: u64) -> Result<RegisteredSealProof> {
    Ok(match sector_size {
        0x800 => RegisteredSealProof::StackedDrg2KiBV1_1,
        0x80_0000 => RegisteredSealProof::StackedDrg8MiBV1_1,
        0x2000_0000 => RegisteredSealProof::StackedDrg512MiBV1_1,
        0x8_0000_0000 => RegisteredSealProof::StackedDrg32GiBV1_1,
        0x10_0000_0000 => RegisteredSealProof::StackedDrg64GiBV1_1,
        other => return unsupported(other),
    })
}

/// The proof of a replica update (SnapDeals) for a sector size.
pub fn update_proof(sector_size: u64) -> Result<RegisteredUpdateProof> {
    Ok(match sector_size {
        0x800 => RegisteredUpdateProof::StackedDrg2KiBV1,
        0x80_0000 => RegisteredUpdateProof::StackedDrg8MiBV1,
        0x2000_0000 => RegisteredUpdateProof::StackedDrg512MiBV1,
        0x8_0000_0000 => RegisteredUpdateProof::StackedDrg32GiBV1,
        0x10_0000_0000 => RegisteredUpdateProof::StackedDrg64GiBV1,
        other => return unsupported(other),
    })
}

/// The WindowPoSt proof that the chain calls V1_1 (types 10–14) and the library calls V1_2.
pub fn window_post_proof(sector_size: u64) -> Result<RegisteredPoStProof> {
    Ok(match sector_size {
        0x800 => RegisteredPoStProof::StackedDrgWindow2KiBV1_2,
        0x80_0000 => RegisteredPoStProof::StackedDrgWindow8MiBV1_2,
        0x2000_0000 => RegisteredPoStProof::StackedDrgWindow512MiBV1_2,
        0x8_0000_0000 => RegisteredPoStProof::StackedDrgWindow32GiBV1_2,
        0x10_0000_0000 => RegisteredPoStProof::StackedDrgWindow64GiBV1_2,
        other => return unsupported(other),
    })
}

fn unsupported<T>(sector_size: u64) -> Result<T> {
    fail(
        Code::InvalidInput,
        format!("no proof is registered for a sector of {sector_size} bytes"),
    )
}

/// The prover id of a miner: the payload of its ID address (unsigned LEB128), zero padded to 32 bytes.
pub fn prover_id(miner_id: u64) -> ProverId {
    let mut id = [0u8; 32];
    let mut rest = miner_id;
    for byte in &mut id {
        *byte = (rest & 0x7f) as u8;
        rest >>= 7;
        if rest == 0 {
            break;
        }
        *byte |= 0x80;
    }
    id
}

/// PoSt randomness as a field element: the two top bits cleared, before proving and before verifying.
pub fn post_randomness(mut randomness: [u8; 32]) -> [u8; 32] {
    randomness[31] &= 0x3f;
    randomness
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn miner_1000_is_e807() {
        let id = prover_id(1000);
        assert_eq!(id[..3], [0xe8, 0x07, 0]);
        assert_eq!(prover_id(127)[..2], [0x7f, 0]);
        assert_eq!(prover_id(0), [0; 32]);
    }

    #[test]
    fn an_odd_size_is_refused() {
        assert!(seal_proof(4096).is_err());
        assert!(window_post_proof(0).is_err());
    }
}
