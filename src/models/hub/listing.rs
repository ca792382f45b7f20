//! What a repository has: its name, its commit, its files.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use super::super::error::{ModelError, is_safe};

/// No model has more files.
const MAX_FILES: usize = 20_000;

/// `OWNER/NAME` and a revision: a branch, a tag or a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RepoId {
    /// `OWNER/NAME`, or, of the oldest repositories, `NAME`.
    pub name: String,
    /// What stands behind the `@`, else `main`.
    pub revision: String,
}

impl RepoId {
    /// The name of the model that it becomes: other revisions than `main` stand beside it.
    pub fn model_name(&self) -> String {
        if self.revision == "main" {
            self.name.clone()
        } else {
            format!("{}@{}", self.name, self.revision.replace('/', "-"))
        }
    }
}

impl fmt::Display for RepoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.revision != "main" {
            write!(f, "@{}", self.revision)?;
        }
        Ok(())
    }
}

impl FromStr for RepoId {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let bad = || ModelError::BadName {
            name: text.to_owned(),
            what: "a repository: OWNER/NAME or OWNER/NAME@REVISION",
        };
        // What a browser shows may be pasted.
        let plain = text.trim_end_matches('/');
        let plain = match plain.split_once("://") {
            Some((_, rest)) => rest.split_once('/').ok_or_else(bad)?.1,
            None => plain,
        };
        let (name, revision) = plain.split_once('@').unwrap_or((plain, "main"));
        let name_is_fine =
            (1..=2).contains(&name.split('/').count()) && name.split('/').all(is_word);
        let revision_is_fine = revision.split('/').all(is_word) && revision.len() <= 200;
        if !name_is_fine || !revision_is_fine {
            return Err(bad());
        }
        Ok(Self {
            name: name.to_owned(),
            revision: revision.to_owned(),
        })
    }
}

/// A part of a path that can be put into a URL and on a disk as it is.
fn is_word(part: &str) -> bool {
    (1..=96).contains(&part.len())
        && !part.starts_with('.')
        && part
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// What a hub says of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RemoteFile {
    /// Its size, if it is told.
    pub size_bytes: Option<u64>,
    /// By what its content is known.
    pub identity: Identity,
}

/// By what a file's content is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// SHA-256 of the content: large files.
    Sha256(String),
    /// SHA-1 of git's header and the content: small files.
    GitBlob(String),
    /// By nothing but the commit.
    Unknown,
}

/// A repository at one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listing {
    /// The commit, if the hub tells one; else the revision that was asked for.
    pub commit: String,
    /// The files by their paths. Only such whose names are harmless.
    pub files: BTreeMap<String, RemoteFile>,
    /// How many names were left out.
    pub refused: usize,
}

#[derive(Deserialize)]
struct RawListing {
    sha: Option<String>,
    #[serde(default)]
    siblings: Vec<RawFile>,
}

#[derive(Deserialize)]
struct RawFile {
    rfilename: String,
    size: Option<u64>,
    #[serde(rename = "blobId")]
    blob_id: Option<String>,
    lfs: Option<RawLfs>,
}

#[derive(Deserialize)]
struct RawLfs {
    sha256: Option<String>,
    size: Option<u64>,
}

impl Listing {
    /// Takes over what the hub answers.
    pub fn parse(bytes: &[u8], revision: &str) -> Result<Self, String> {
        let raw: RawListing = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if raw.siblings.len() > MAX_FILES {
            return Err(format!("it lists more than {MAX_FILES} files"));
        }
        let is_hex = |text: &String, length: usize| {
            text.len() == length && text.chars().all(|c| c.is_ascii_hexdigit())
        };
        let mut files = BTreeMap::new();
        let mut refused = 0;
        for file in raw.siblings {
            if !is_harmless(&file.rfilename) {
                refused += 1;
                continue;
            }
            let (lfs_sha256, lfs_size) =
                file.lfs.map_or((None, None), |lfs| (lfs.sha256, lfs.size));
            let identity = match (
                lfs_sha256.filter(|it| is_hex(it, 64)),
                file.blob_id.filter(|it| is_hex(it, 40)),
                lfs_size,
            ) {
                (Some(sha256), ..) => Identity::Sha256(sha256.to_ascii_lowercase()),
                // Of a large file that is the identity of the pointer, not of the content.
                (None, Some(blob), None) => Identity::GitBlob(blob.to_ascii_lowercase()),
                _ => Identity::Unknown,
            };
            let remote = RemoteFile {
                size_bytes: lfs_size.or(file.size),
                identity,
            };
            files.insert(file.rfilename, remote);
        }
        Ok(Self {
            commit: raw
                .sha
                .filter(|sha| is_hex(sha, 40))
                .unwrap_or_else(|| revision.to_owned()),
            files,
            refused,
        })
    }
}

/// Whether a file of this name can only land inside its folder, and be shown.
fn is_harmless(path: &str) -> bool {
    path.len() <= 400
        && path.split('/').count() <= 8
        && path.chars().all(is_safe)
        && !path.contains('\\')
        && path.split('/').all(|part| {
            // Hidden files are git's and ours.
            let is_ours = part.strip_suffix(".part").is_some();
            (1..=200).contains(&part.len()) && !part.starts_with('.') && !is_ours
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_repositories() {
        let parse = |text: &str| text.parse::<RepoId>().map(|repo| repo.to_string()).ok();
        assert_eq!(parse("a/b").as_deref(), Some("a/b"));
        assert_eq!(parse("a/b@fp16").as_deref(), Some("a/b@fp16"));
        assert_eq!(parse("gpt2@refs/pr/1").as_deref(), Some("gpt2@refs/pr/1"));
        assert_eq!(parse("https://huggingface.co/a/b/").as_deref(), Some("a/b"));
        for wrong in [
            "",
            "a/b/c",
            "../b",
            "a/..",
            "a/b@../..",
            "a b",
            "a/b@",
            "a/b?x=1",
            "a//b",
            "/a/b",
        ] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
        let repo: RepoId = "a/b@refs/pr/1".parse().expect("a repository");
        assert_eq!(repo.model_name(), "a/b@refs-pr-1");
    }

    #[test]
    fn hostile_names_are_left_out() {
        let names = [
            "../up",
            "/etc/passwd",
            "a/../../b",
            "a//b",
            "",
            ".git/config",
            "a\\b",
            "x\u{1b}[2J",
            "x\n",
            "ok/\u{202e}gpj",
            "x.part",
            "unet/config.json",
        ];
        let siblings: Vec<_> = names
            .iter()
            .map(|name| serde_json::json!({ "rfilename": name }))
            .collect();
        let text = serde_json::json!({ "sha": "../../x", "siblings": siblings }).to_string();
        let listing = Listing::parse(text.as_bytes(), "main").expect("JSON");
        assert_eq!(
            listing.files.keys().collect::<Vec<_>>(),
            ["unet/config.json"]
        );
        assert_eq!((listing.refused, listing.commit.as_str()), (11, "main"));
    }
}
