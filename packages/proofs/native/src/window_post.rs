//! WindowPoSt in two steps: vanilla proofs where the sectors lie, one SNARK per partition anywhere.

use anyhow::Result;
use filecoin_proofs::parameters::window_post_setup_params;
use filecoin_proofs::{as_safe_commitment, with_shape, FallbackPoStSectorProof};
use filecoin_proofs_api::{post, PrivateReplicaInfo, RegisteredPoStProof, SectorId};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use storage_proofs_core::compound_proof;
use storage_proofs_core::merkle::MerkleTreeTrait;
use storage_proofs_core::proof::ProofScheme;
use storage_proofs_post::fallback::{
    self, FallbackPoSt, FallbackPoStCircuit, FallbackPoStCompound, PublicSector,
};

use crate::circuits::{require_devnet_size, CircuitKind, DevnetTree};
use crate::failure::{fail, guard, Code, Failure};
use crate::files::{require_file, require_length, require_p_aux, write_whole};
use crate::parameters::require_parameters;
use crate::proof_types::{post_randomness, prover_id, window_post_proof};
use crate::seal::{Sector, SnarkProof};
use crate::trapdoor::prove_partitions;
use crate::wire::{decimal, Bytes, Bytes32};

/// A sector as the chain knows it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedSector {
    pub sector_number: u64,
    pub comm_r: Bytes32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowPostVanilla {
    pub sector: Sector,
    pub comm_r: Bytes32,
    pub sealed_path: PathBuf,
    pub cache_dir: PathBuf,
    pub randomness: Bytes32,
    pub output_path: PathBuf,
}

/// Reads the challenged leaves of one sector and proves them against its CommR.
///
/// Any failure beyond a missing or short file means that this sector cannot prove: `SectorFaulty`.
pub fn vanilla(task: &WindowPostVanilla) -> Result<()> {
    let sector = task.sector;
    require_length(&task.sealed_path, "the sealed file", sector.sector_size)?;
    require_p_aux(&task.cache_dir)?;
    require_replica_tree(&task.cache_dir)?;
    let proof = guard(|| prove_vanilla(task)).map_err(|failure| {
        let reason = failure.message.replace('\n', " ");
        let text = format!("sector {} cannot be proven: {reason}", sector.sector_number);
        Failure::new(Code::SectorFaulty, text)
    })?;
    write_whole(&task.output_path, |out| Ok(out.write_all(&proof)?))
}

fn prove_vanilla(task: &WindowPostVanilla) -> Result<Vec<u8>> {
    let Sector {
        miner_id,
        sector_number,
        sector_size,
    } = task.sector;
    let registered = window_post_proof(sector_size)?;
    let id = SectorId::from(sector_number);
    let prover = prover_id(miner_id);
    let randomness = post_randomness(task.randomness.0);
    let replica = PrivateReplicaInfo::new(
        registered,
        task.comm_r.0,
        task.cache_dir.clone(),
        task.sealed_path.clone(),
    );
    let challenges = post::generate_fallback_sector_challenges(registered, &randomness, &[id], prover)?;
    let proofs = [post::generate_single_vanilla_proof(
        registered,
        id,
        &replica,
        &challenges[&id],
    )?];
    let claimed = [SealedSector {
        sector_number,
        comm_r: task.comm_r,
    }];
    with_shape!(
        sector_size,
        check_vanilla_of,
        registered,
        &randomness,
        prover,
        &claimed,
        &proofs
    )?;
    let [proof] = proofs;
    Ok(proof)
}

/// Requires the tree over the replica; 32GiB and larger sectors keep it in several files.
fn require_replica_tree(cache_dir: &Path) -> Result<()> {
    if cache_dir.join("sc-02-data-tree-r-last-0.dat").is_file() {
        return Ok(());
    }
    require_file(&cache_dir.join("sc-02-data-tree-r-last.dat"), "the replica tree")?;
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowPostPartition {
    pub miner_id: u64,
    #[serde(with = "decimal")]
    pub sector_size: u64,
    pub randomness: Bytes32,
    pub partition_index: usize,
    pub vanilla_paths: Vec<PathBuf>,
    /// One per vanilla path, in the same order.
    pub sectors: Vec<SealedSector>,
    /// The key set's directory.
    pub parameters: PathBuf,
}

/// The SNARK of one partition, from a witness.
pub fn partition(task: &WindowPostPartition) -> Result<SnarkProof> {
    let (proof, vanilla) = read_checked(task)?;
    require_parameters(&task.parameters, CircuitKind::Window, task.sector_size)?;
    let snark = post::generate_single_window_post_with_vanilla(
        proof,
        &post_randomness(task.randomness.0),
        prover_id(task.miner_id),
        &vanilla,
        task.partition_index,
    )?;
    Ok(SnarkProof {
        proof: Bytes(snark.0),
    })
}

/// The SNARK of one partition, from the trapdoor, after the vanilla proofs have been checked.
pub fn partition_trapdoor(task: &WindowPostPartition) -> Result<SnarkProof> {
    require_devnet_size(task.sector_size)?;
    let (proof, _) = read_checked(task)?;
    // Challenges do not depend on the partition's index since V1_2, so one partition is proven as the first.
    let setup = compound_proof::SetupParams {
        vanilla_params: window_post_setup_params(&proof.as_v1_config()),
        partitions: None,
        priority: false,
    };
    let inputs = post_inputs::<DevnetTree>(
        &post_randomness(task.randomness.0),
        prover_id(task.miner_id),
        &task.sectors,
        None,
    )?;
    let snark = prove_partitions::<
        FallbackPoStCompound<DevnetTree>,
        FallbackPoSt<'_, DevnetTree>,
        FallbackPoStCircuit<DevnetTree>,
    >(&task.parameters, &setup, &inputs)?;
    Ok(SnarkProof { proof: Bytes(snark) })
}

/// Reads the vanilla proofs and refuses those that do not hold for the sectors of the request.
fn read_checked(task: &WindowPostPartition) -> Result<(RegisteredPoStProof, Vec<Vec<u8>>)> {
    let proof = window_post_proof(task.sector_size)?;
    let most = proof.sector_count();
    let count = task.sectors.len();
    if count == 0 || count > most || count != task.vanilla_paths.len() {
        return fail(
            Code::InvalidInput,
            format!(
                "{} vanilla proofs for {count} sectors; a partition has 1 to {most}",
                task.vanilla_paths.len()
            ),
        );
    }
    if !task
        .sectors
        .windows(2)
        .all(|pair| pair[0].sector_number < pair[1].sector_number)
    {
        return fail(Code::InvalidInput, "the sectors are not in ascending order");
    }
    let vanilla = task
        .vanilla_paths
        .iter()
        .map(|path| {
            require_file(path, "the vanilla proof")?;
            Ok(fs::read(path)?)
        })
        .collect::<Result<Vec<_>>>()?;
    let randomness = post_randomness(task.randomness.0);
    let prover = prover_id(task.miner_id);
    with_shape!(
        task.sector_size,
        check_vanilla_of,
        proof,
        &randomness,
        prover,
        &task.sectors,
        &vanilla
    )?;
    Ok((proof, vanilla))
}

fn post_inputs<Tree: 'static + MerkleTreeTrait>(
    randomness: &[u8; 32],
    prover: [u8; 32],
    sectors: &[SealedSector],
    partition: Option<usize>,
) -> Result<fallback::PublicInputs<<Tree::Hasher as filecoin_hashers::Hasher>::Domain>> {
    Ok(fallback::PublicInputs {
        randomness: as_safe_commitment(randomness, "randomness")?,
        prover_id: as_safe_commitment(&prover, "prover_id")?,
        sectors: sectors
            .iter()
            .map(|sector| {
                Ok(PublicSector {
                    id: sector.sector_number.into(),
                    comm_r: as_safe_commitment(&sector.comm_r.0, "comm_r")?,
                })
            })
            .collect::<Result<_>>()?,
        k: partition,
    })
}

fn check_vanilla_of<Tree: 'static + MerkleTreeTrait>(
    proof: RegisteredPoStProof,
    randomness: &[u8; 32],
    prover: [u8; 32],
    sectors: &[SealedSector],
    vanilla: &[Vec<u8>],
) -> Result<()> {
    let inputs = post_inputs::<Tree>(randomness, prover, sectors, Some(0))?;
    let proofs = vanilla
        .iter()
        .zip(&inputs.sectors)
        .map(|(bytes, sector)| {
            let refuse = |what: &str| {
                let text = format!("the vanilla proof of sector {} {what}", u64::from(sector.id));
                Failure::new(Code::ProofRefused, text)
            };
            let proof: FallbackPoStSectorProof<Tree> =
                bincode::deserialize(bytes).map_err(|_| refuse("cannot be read"))?;
            if proof.sector_id != sector.id || proof.comm_r != sector.comm_r {
                return Err(refuse("is for another sector").into());
            }
            Ok(proof)
        })
        .collect::<Result<Vec<_>>>()?;
    let config = proof.as_v1_config();
    let params = FallbackPoSt::<Tree>::setup(&window_post_setup_params(&config))?;
    let checked = guard(|| {
        filecoin_proofs::single_partition_vanilla_proofs::<Tree>(&config, &params, &inputs, &proofs)
    });
    match checked {
        Ok(_) => Ok(()),
        Err(failure) => fail(
            Code::ProofRefused,
            format!(
                "the vanilla proofs do not verify: {}",
                failure.message.replace('\n', " ")
            ),
        ),
    }
}

/// Sectors in the order in which prover and verifier take them. The chain replaces a skipped sector by a
/// good one of its partition, so a sector may be named twice; twice with different CommRs is a mistake.
pub fn ordered(sectors: &[SealedSector]) -> Result<BTreeMap<SectorId, [u8; 32]>> {
    let mut ordered = BTreeMap::new();
    for sector in sectors {
        let known = ordered.insert(SectorId::from(sector.sector_number), sector.comm_r.0);
        if known.is_some_and(|comm_r| comm_r != sector.comm_r.0) {
            return fail(
                Code::InvalidInput,
                format!(
                    "sector {} is named twice with different CommRs",
                    sector.sector_number
                ),
            );
        }
    }
    Ok(ordered)
}
