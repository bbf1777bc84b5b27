//! Sealing: PreCommit 1 and 2, Commit 1 and 2, and what may be dropped afterwards.

use anyhow::{Context, Result};
use filecoin_hashers::Hasher;
use filecoin_proofs::constants::{DefaultPieceDomain, DefaultPieceHasher};
use filecoin_proofs::parameters::setup_params;
use filecoin_proofs::{as_safe_commitment, with_shape};
use filecoin_proofs_api::seal::{
    self, SealCommitPhase1Output, SealPreCommitPhase1Output, SealPreCommitPhase2Output,
};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use storage_proofs_core::compound_proof;
use storage_proofs_core::merkle::MerkleTreeTrait;
use storage_proofs_core::proof::ProofScheme;
use storage_proofs_porep::stacked::{self, StackedCircuit, StackedCompound, StackedDrg};

use crate::add_pieces::{comm_d, piece_infos, Piece};
use crate::circuits::{require_devnet_size, CircuitKind, DevnetTree};
use crate::failure::{fail, Code, Failure};
use crate::files::{
    read_json, require_directory, require_file, require_labels, require_length, require_p_aux, write_json,
};
use crate::parameters::require_parameters;
use crate::parents::ensure_parents;
use crate::permit::Permit;
use crate::progress::Progress;
use crate::proof_types::{prover_id, seal_proof};
use crate::trapdoor::prove_partitions;
use crate::wire::{decimal, Bytes, Bytes32};

/// Which sector of which miner, and how large.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sector {
    pub miner_id: u64,
    pub sector_number: u64,
    #[serde(with = "decimal")]
    pub sector_size: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Commitments {
    pub comm_r: Bytes32,
    pub comm_d: Bytes32,
}

#[derive(Debug, Serialize)]
pub struct SnarkProof {
    pub proof: Bytes,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreCommit1 {
    pub sector: Sector,
    pub ticket: Bytes32,
    pub pieces: Vec<Piece>,
    pub unsealed_path: PathBuf,
    pub sealed_path: PathBuf,
    pub cache_dir: PathBuf,
    pub output_path: PathBuf,
}

/// PC1: the data tree and the label layers. The pieces must commit to the unsealed file.
pub fn pre_commit1(task: &PreCommit1, progress: &Progress) -> Result<()> {
    let PreCommit1 {
        sector,
        unsealed_path,
        sealed_path,
        cache_dir,
        ..
    } = task;
    let proof = seal_proof(sector.sector_size)?;
    require_length(unsealed_path, "the unsealed file", sector.sector_size)?;
    require_empty(cache_dir)?;
    // The library wants the file to exist; it copies the data into it.
    File::create(sealed_path).with_context(|| sealed_path.display().to_string())?;

    ensure_parents(sector.sector_size, progress)?;
    let output = seal::seal_pre_commit_phase1(
        proof,
        cache_dir,
        unsealed_path,
        sealed_path,
        prover_id(sector.miner_id),
        sector.sector_number.into(),
        task.ticket.0,
        &piece_infos(&task.pieces)?,
    )
    .map_err(|error| contradiction(error, "the pieces do not commit to the unsealed file"))?;
    write_json(&task.output_path, &output)
}

/// The library silently reuses a data tree that it finds: changed data would seal under an old CommD.
fn require_empty(cache_dir: &Path) -> Result<()> {
    fs::create_dir_all(cache_dir).with_context(|| cache_dir.display().to_string())?;
    if fs::read_dir(cache_dir)?.next().is_none() {
        return Ok(());
    }
    fail(
        Code::InvalidInput,
        format!("the cache directory is not empty: {}", cache_dir.display()),
    )
}

/// Gives the library's "pieces and comm_d do not match" a code; other errors pass.
fn contradiction(error: anyhow::Error, meaning: &str) -> anyhow::Error {
    if format!("{error:#}").contains("pieces and comm_d do not match") {
        return Failure::new(Code::CommitmentMismatch, meaning).into();
    }
    error
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreCommit2 {
    pub sector: Sector,
    pub pc1_output_path: PathBuf,
    pub sealed_path: PathBuf,
    pub cache_dir: PathBuf,
}

/// PC2: the replica, written over the sealed file, and its trees.
pub fn pre_commit2(task: &PreCommit2) -> Result<Commitments> {
    let PreCommit2 {
        sector,
        sealed_path,
        cache_dir,
        ..
    } = task;
    let output: SealPreCommitPhase1Output = read_json(&task.pc1_output_path, "the PC1 output")?;
    require_same_proof(output.registered_proof, sector)?;
    require_length(sealed_path, "the sealed file", sector.sector_size)?;
    require_labels(cache_dir, sector.sector_size, layers(sector)?)?;
    let output = seal::seal_pre_commit_phase2(output, cache_dir, sealed_path)?;
    Ok(Commitments {
        comm_r: Bytes32(output.comm_r),
        comm_d: Bytes32(output.comm_d),
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Commit1 {
    pub sector: Sector,
    pub ticket: Bytes32,
    pub seed: Bytes32,
    pub comm_r: Bytes32,
    pub comm_d: Bytes32,
    pub pieces: Vec<Piece>,
    pub sealed_path: PathBuf,
    pub cache_dir: PathBuf,
    pub output_path: PathBuf,
}

/// C1: the vanilla proofs for the seed's challenges, checked before they are written.
pub fn commit1(task: &Commit1) -> Result<()> {
    let Commit1 {
        sector,
        sealed_path,
        cache_dir,
        ..
    } = task;
    let proof = seal_proof(sector.sector_size)?;
    if comm_d(sector.sector_size, &task.pieces)? != task.comm_d.0 {
        return fail(Code::CommitmentMismatch, "the pieces do not commit to CommD");
    }
    require_length(sealed_path, "the sealed file", sector.sector_size)?;
    require_labels(cache_dir, sector.sector_size, layers(sector)?)?;
    require_p_aux(cache_dir)?;
    let pre_commit = SealPreCommitPhase2Output {
        registered_proof: proof,
        comm_r: task.comm_r.0,
        comm_d: task.comm_d.0,
    };
    let output = seal::seal_commit_phase1(
        cache_dir,
        sealed_path,
        prover_id(sector.miner_id),
        sector.sector_number.into(),
        task.ticket.0,
        task.seed.0,
        pre_commit,
        &piece_infos(&task.pieces)?,
    )
    .map_err(|error| unprovable(error, sector))?;
    check_vanilla(sector, &output)?;
    write_json(&task.output_path, &output)
}

/// Gives the library's "Invalid vanilla (encoding, labeling …) proof generated" a code: files and commitments
/// disagree.
fn unprovable(error: anyhow::Error, sector: &Sector) -> anyhow::Error {
    let text = format!("{error:#}");
    if text.contains("Invalid") && text.contains("proof generated") {
        let text = format!(
            "the files of sector {} do not prove its commitments",
            sector.sector_number
        );
        return Failure::new(Code::ProofRefused, text).into();
    }
    error
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Commit2 {
    pub sector: Sector,
    pub c1_output_path: PathBuf,
    /// The key set's directory.
    pub parameters: PathBuf,
    pub permit_path: PathBuf,
}

/// C2 from a witness. Takes the machine's permit: it needs 2.9 GB even for the smallest sector.
pub fn commit2(task: &Commit2, progress: &Progress) -> Result<SnarkProof> {
    let sector = &task.sector;
    let output = read_checked_c1(sector, &task.c1_output_path)?;
    require_parameters(&task.parameters, CircuitKind::Porep, sector.sector_size)?;
    let _permit = Permit::take(&task.permit_path, "waiting for the C2 permit", progress)?;
    progress.report("proving", None);
    let output = seal::seal_commit_phase2(output, prover_id(sector.miner_id), sector.sector_number.into())?;
    Ok(SnarkProof {
        proof: Bytes(output.proof),
    })
}

/// C2 from the trapdoor: milliseconds, and only after the vanilla proofs have been checked.
pub fn commit2_trapdoor(task: &Commit2) -> Result<SnarkProof> {
    let sector = &task.sector;
    require_devnet_size(sector.sector_size)?;
    let output = read_checked_c1(sector, &task.c1_output_path)?;
    let setup = porep_setup(sector)?;
    let inputs = porep_inputs::<DevnetTree>(sector, &output)?;
    let proof = prove_partitions::<
        StackedCompound<DevnetTree, DefaultPieceHasher>,
        StackedDrg<'_, DevnetTree, DefaultPieceHasher>,
        StackedCircuit<DevnetTree, DefaultPieceHasher>,
    >(&task.parameters, &setup, &inputs)?;
    Ok(SnarkProof { proof: Bytes(proof) })
}

/// Drops the layers and trees that only C1 needs. What unsealing and WindowPoSt need stays.
pub fn clear_cache(cache_dir: &Path) -> Result<()> {
    require_directory(cache_dir, "the cache directory")?;
    seal::clear_cache(cache_dir)
}

fn read_checked_c1(sector: &Sector, path: &Path) -> Result<SealCommitPhase1Output> {
    require_file(path, "the C1 output")?;
    let output: SealCommitPhase1Output = read_json(path, "the C1 output")?;
    require_same_proof(output.registered_proof, sector)?;
    check_vanilla(sector, &output)?;
    Ok(output)
}

fn require_same_proof(found: filecoin_proofs_api::RegisteredSealProof, sector: &Sector) -> Result<()> {
    if found == seal_proof(sector.sector_size)? {
        return Ok(());
    }
    fail(
        Code::InvalidInput,
        format!(
            "the output is for {found:?}, the sector has {} bytes",
            sector.sector_size
        ),
    )
}

/// Label layers of a sector: 2 for test sizes, 11 for 32GiB and 64GiB.
fn layers(sector: &Sector) -> Result<usize> {
    Ok(setup_params(&seal_proof(sector.sector_size)?.as_v1_config())?.num_layers)
}

fn porep_setup<'a, Tree: 'static + MerkleTreeTrait>(
    sector: &Sector,
) -> Result<compound_proof::SetupParams<'a, StackedDrg<'a, Tree, DefaultPieceHasher>>> {
    let config = seal_proof(sector.sector_size)?.as_v1_config();
    Ok(compound_proof::SetupParams {
        vanilla_params: setup_params(&config)?,
        partitions: Some(usize::from(config.partitions)),
        priority: false,
    })
}

fn porep_inputs<Tree: 'static + MerkleTreeTrait>(
    sector: &Sector,
    output: &SealCommitPhase1Output,
) -> Result<stacked::PublicInputs<<Tree::Hasher as Hasher>::Domain, DefaultPieceDomain>> {
    let config = seal_proof(sector.sector_size)?.as_v1_config();
    let comm_d: DefaultPieceDomain = as_safe_commitment(&output.comm_d, "comm_d")?;
    Ok(stacked::PublicInputs {
        replica_id: stacked::generate_replica_id::<Tree::Hasher, _>(
            &prover_id(sector.miner_id),
            sector.sector_number,
            &output.ticket,
            comm_d,
            &config.porep_id,
        ),
        tau: Some(stacked::Tau {
            comm_r: as_safe_commitment(&output.comm_r, "comm_r")?,
            comm_d,
        }),
        seed: Some(output.seed),
        k: None,
    })
}

/// Refuses vanilla proofs that do not hold for this sector: a C2 over them would be wasted, and the
/// trapdoor prover would turn them into an accepted lie.
fn check_vanilla(sector: &Sector, output: &SealCommitPhase1Output) -> Result<()> {
    with_shape!(sector.sector_size, check_vanilla_of, sector, output)
}

fn check_vanilla_of<Tree: 'static + MerkleTreeTrait>(
    sector: &Sector,
    output: &SealCommitPhase1Output,
) -> Result<()> {
    let setup = porep_setup::<Tree>(sector)?;
    let inputs = porep_inputs::<Tree>(sector, output)?;
    let proofs: Vec<Vec<stacked::Proof<Tree, DefaultPieceHasher>>> =
        output.vanilla_proofs.clone().try_into()?;
    let partitions = setup.partitions.unwrap_or(1);
    let params = StackedDrg::<Tree, DefaultPieceHasher>::setup(&setup.vanilla_params)?;
    let holds = proofs.len() == partitions
        && StackedDrg::<Tree, DefaultPieceHasher>::verify_all_partitions(&params, &inputs, &proofs)?;
    if holds {
        return Ok(());
    }
    fail(
        Code::ProofRefused,
        format!(
            "the vanilla proofs of sector {} do not verify",
            sector.sector_number
        ),
    )
}
