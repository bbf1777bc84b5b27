//! Verification, with verifying keys only. Milliseconds, once the key is loaded.

use anyhow::Result;
use bellperson::groth16::aggregate::AggregateProof;
use bellperson::groth16::Proof;
use blstrs::{Bls12, Scalar};
use ff::{Field, PrimeField};
use filecoin_proofs::SectorUpdateConfig;
use filecoin_proofs_api::{post, seal, update, PublicReplicaInfo, RegisteredAggregationProof};
use serde::Deserialize;

use crate::failure::{fail, Code};
use crate::proof_types::{post_randomness, prover_id, seal_proof, update_proof, window_post_proof};
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

/// True only if one SnarkPack V2 proof shows what [`verify_seal`] would of each claim, in this order. No claims: false.
///
/// All sectors are of one size.
pub fn verify_aggregate_seals(claims: &[SealClaim], proof: &[u8]) -> Result<bool> {
    let Some(first) = claims.first() else {
        return Ok(false);
    };
    let sector_size = first.sector.sector_size;
    if claims.iter().any(|claim| claim.sector.sector_size != sector_size) {
        return fail(Code::InvalidInput, "an aggregate is of sectors of one size");
    }
    let registered = seal_proof(sector_size)?;
    let provable = |claim: &SealClaim| is_commitment(&claim.comm_r) && is_commitment(&claim.comm_d);
    let proofs = claims.len() * usize::from(registered.partitions());
    if !claims.iter().all(provable) || !is_aggregate(proof, proofs) {
        return Ok(false);
    }
    let mut inputs = Vec::new();
    for claim in claims {
        inputs.extend(seal::get_seal_inputs(
            registered,
            claim.comm_r.0,
            claim.comm_d.0,
            prover_id(claim.sector.miner_id),
            claim.sector.sector_number.into(),
            claim.ticket.0,
            claim.seed.0,
        )?);
    }
    let comm_rs: Vec<_> = claims.iter().map(|claim| claim.comm_r.0).collect();
    let seeds: Vec<_> = claims.iter().map(|claim| claim.seed.0).collect();
    seal::verify_aggregate_seal_commit_proofs(
        registered,
        RegisteredAggregationProof::SnarkPackV2,
        proof.to_vec(),
        &comm_rs,
        &seeds,
        inputs,
    )
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateClaim {
    #[serde(with = "decimal")]
    pub sector_size: u64,
    /// CommR of the empty sector, as it was sealed.
    pub old_comm_r: Bytes32,
    pub new_comm_r: Bytes32,
    pub new_comm_d: Bytes32,
}

/// True only if the proof shows that the new replica is the old one with the data behind the new CommD in it.
pub fn verify_update(claim: &UpdateClaim, proof: &[u8]) -> Result<bool> {
    let registered = update_proof(claim.sector_size)?;
    let config = SectorUpdateConfig::from_porep_config(&registered.as_v1_config());
    let partitions = usize::from(config.update_partitions);
    let commitments = [&claim.old_comm_r, &claim.new_comm_r, &claim.new_comm_d];
    if !is_proof(proof, partitions) || !commitments.into_iter().all(is_commitment) {
        return Ok(false);
    }
    update::verify_empty_sector_update_proof(
        registered,
        proof,
        claim.old_comm_r.0,
        claim.new_comm_r.0,
        claim.new_comm_d.0,
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

/// Whether the bytes are a SnarkPack proof of as many Groth16 proofs, filled up to a power of two.
fn is_aggregate(bytes: &[u8], proofs: usize) -> bool {
    AggregateProof::<Bls12>::read(bytes).is_ok_and(|aggregate| {
        aggregate.parsing_check().is_ok()
            && aggregate.tmipp.gipa.nproofs as usize == proofs.next_power_of_two()
    })
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
