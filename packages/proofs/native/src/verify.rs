//! Verification, with verifying keys only. Milliseconds, once the key is loaded.

use anyhow::Result;
use bellperson::groth16::Proof;
use blstrs::{Bls12, Scalar};
use ff::{Field, PrimeField};
use filecoin_proofs_api::{post, seal, PublicReplicaInfo};
use serde::Deserialize;

use crate::proof_types::{post_randomness, prover_id, seal_proof, window_post_proof};
use crate::seal::Sector;
use crate::window_post::{ordered, SealedSector};
use crate::wire::{decimal, Bytes32};

/// Bytes of one Groth16 proof.
const PROOF_BYTES: usize = 192;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealClaim {
    pub sector: Sector,
    pub comm_r: Bytes32,
    pub comm_d: Bytes32,
    pub ticket: Bytes32,
    pub seed: Bytes32,
}

/// True only if the proof shows that the sector holds an encoding of the data behind CommD.
///
/// What a peer or a message may claim falsely (proof bytes, commitments) gives false, never an error.
pub fn verify_seal(claim: &SealClaim, proof: &[u8]) -> Result<bool> {
    let registered = seal_proof(claim.sector.sector_size)?;
    let commitments = [&claim.comm_r, &claim.comm_d];
    if !is_proof(proof, usize::from(registered.partitions())) || !commitments.into_iter().all(is_commitment) {
        return Ok(false);
    }
    seal::verify_seal(
        registered,
        claim.comm_r.0,
        claim.comm_d.0,
        prover_id(claim.sector.miner_id),
        claim.sector.sector_number.into(),
        claim.ticket.0,
        claim.seed.0,
        proof,
    )
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowPostClaim {
    pub miner_id: u64,
    #[serde(with = "decimal")]
    pub sector_size: u64,
    pub randomness: Bytes32,
    pub sectors: Vec<SealedSector>,
}

/// True only if the proof shows that every sector could answer the randomness' challenges. No sectors: false.
pub fn verify_window_post(claim: &WindowPostClaim, proof: &[u8]) -> Result<bool> {
    let registered = window_post_proof(claim.sector_size)?;
    let sectors = ordered(&claim.sectors)?;
    let partitions = sectors.len().div_ceil(registered.sector_count());
    let provable = claim.sectors.iter().all(|sector| is_commitment(&sector.comm_r));
    if sectors.is_empty() || !provable || !is_proof(proof, partitions) {
        return Ok(false);
    }
    let replicas = sectors
        .into_iter()
        .map(|(id, comm_r)| (id, PublicReplicaInfo::new(registered, comm_r)))
        .collect();
    post::verify_window_post(
        &post_randomness(claim.randomness.0),
        &[(registered, proof)],
        &replicas,
        prover_id(claim.miner_id),
    )
}

/// Whether the bytes are as many Groth16 proofs as there are partitions, each of points on the curve.
fn is_proof(bytes: &[u8], partitions: usize) -> bool {
    bytes.len() == partitions * PROOF_BYTES
        && bytes
            .chunks(PROOF_BYTES)
            .all(|chunk| Proof::<Bls12>::read(chunk).is_ok())
}

/// Whether the bytes can be a commitment: a field element other than zero.
fn is_commitment(bytes: &Bytes32) -> bool {
    let scalar: Option<Scalar> = Scalar::from_repr(bytes.0).into();
    scalar.is_some_and(|scalar| scalar != Scalar::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_field_element_is_no_commitment() {
        assert!(is_commitment(&Bytes32([1; 32])));
        assert!(!is_commitment(&Bytes32([0; 32])));
        assert!(!is_commitment(&Bytes32([0xff; 32])));
    }

    #[test]
    fn garbage_is_no_proof() {
        assert!(!is_proof(&[0x55; 192], 1));
        assert!(!is_proof(&[], 1));
    }
}
