//! What a child process can be asked to do, and doing it.

use anyhow::Result;
use serde::Deserialize;
use serde_json::{json, Value};
use std::path::PathBuf;

use crate::add_pieces::{add_pieces, PieceSource};
use crate::circuits::CircuitKind;
use crate::failure::{fail, Code};
use crate::parameters;
use crate::progress::Progress;
use crate::seal::{self, Sector};
use crate::unseal::{unseal_range, UnsealRange};
use crate::window_post;
use crate::wire::decimal;

/// One request of `src/runner/task-request.ts`; the field `task` names the variant.
#[derive(Debug, Deserialize)]
#[serde(tag = "task", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Task {
    AddPieces {
        sector: Sector,
        pieces: Vec<PieceSource>,
        unsealed_path: PathBuf,
    },
    PreCommit1(seal::PreCommit1),
    PreCommit2(seal::PreCommit2),
    Commit1(seal::Commit1),
    Commit2(seal::Commit2),
    Commit2Trapdoor(seal::Commit2),
    ClearCache {
        cache_dir: PathBuf,
    },
    UnsealRange(UnsealRange),
    WindowPostVanilla(window_post::WindowPostVanilla),
    WindowPostPartition(window_post::WindowPostPartition),
    WindowPostPartitionTrapdoor(window_post::WindowPostPartition),
    GenerateParameters {
        parameters: PathBuf,
        which: CircuitKind,
        #[serde(with = "decimal")]
        sector_size: u64,
        permit_path: PathBuf,
    },
    DeriveKeys {
        parameters: PathBuf,
    },
}

/// Reads a request and runs it; the answer is JSON.
pub fn run(request: &str, progress: &Progress) -> Result<Value> {
    let task: Task = match serde_json::from_str(request) {
        Ok(task) => task,
        Err(error) => return fail(Code::InvalidInput, format!("the request: {error}")),
    };
    Ok(match task {
        Task::AddPieces {
            sector,
            pieces,
            unsealed_path,
        } => {
            json!(add_pieces(sector.sector_size, &pieces, &unsealed_path)?)
        }
        Task::PreCommit1(task) => json!(seal::pre_commit1(&task, progress)?),
        Task::PreCommit2(task) => json!(seal::pre_commit2(&task)?),
        Task::Commit1(task) => json!(seal::commit1(&task)?),
        Task::Commit2(task) => json!(seal::commit2(&task, progress)?),
        Task::Commit2Trapdoor(task) => json!(seal::commit2_trapdoor(&task)?),
        Task::ClearCache { cache_dir } => json!(seal::clear_cache(&cache_dir)?),
        Task::UnsealRange(task) => json!(unseal_range(&task, progress)?),
        Task::WindowPostVanilla(task) => json!(window_post::vanilla(&task)?),
        Task::WindowPostPartition(task) => json!(window_post::partition(&task)?),
        Task::WindowPostPartitionTrapdoor(task) => json!(window_post::partition_trapdoor(&task)?),
        Task::GenerateParameters {
            parameters,
            which,
            sector_size,
            permit_path,
        } => {
            json!(parameters::generate(
                &parameters,
                which,
                sector_size,
                &permit_path,
                progress
            )?)
        }
        Task::DeriveKeys { parameters } => json!(parameters::derive_keys(&parameters)?),
    })
}
