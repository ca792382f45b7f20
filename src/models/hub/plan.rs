//! Which files of a repository are fetched.

use std::collections::{BTreeMap, BTreeSet};

use super::super::layout::{self, Index};
use super::listing::{Listing, RemoteFile};

/// Files beside the model that are worth having: small ones that say what it is.
const COMPANIONS: &[&str] = &["license", "licence", "notice", "companion.toml"];
const MAX_COMPANION_BYTES: u64 = 1 << 20;

/// What to fetch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub files: BTreeMap<String, RemoteFile>,
    /// What the user should know, in words.
    pub notes: Vec<String>,
}

impl Plan {
    /// Those that match a pattern of the user.
    pub fn of_patterns(listing: &Listing, patterns: &[String]) -> Result<Self, String> {
        let mut plan = Self::default();
        for pattern in patterns {
            let before = plan.files.len();
            let matching = listing.files.iter().filter(|(path, _)| {
                let name = path.rsplit('/').next().unwrap_or(path);
                matches(pattern, path) || matches(pattern, name)
            });
            for (path, file) in matching {
                plan.files.insert(path.clone(), file.clone());
            }
            if plan.files.len() == before {
                let known = single_files(listing).join(", ");
                return Err(match known.as_str() {
                    "" => format!("no file matches {pattern:?}"),
                    known => format!("no file matches {pattern:?}; there are {known}"),
                });
            }
        }
        Ok(plan)
    }

    /// Those that a model in the diffusers layout needs.
    pub fn of_index(
        listing: &Listing,
        index: &Index,
        variant: Option<&str>,
    ) -> Result<Self, String> {
        let names: BTreeSet<String> = listing.files.keys().cloned().collect();
        let needed = layout::select(index, &names, variant);
        if !needed.missing.is_empty() {
            return Err(format!(
                "it is incomplete: {} is missing",
                needed.missing.join(", ")
            ));
        }
        let mut plan = Self::default();
        for path in needed.small.iter().chain(&needed.weights) {
            if let Some(file) = listing.files.get(path) {
                plan.files.insert(path.clone(), file.clone());
            }
        }
        if let (Some(variant), false) = (variant, needed.without_variant.is_empty()) {
            plan.notes.push(format!(
                "there is no {variant} variant of {}: the plain one is taken",
                needed.without_variant.join(", ")
            ));
        }
        plan.add_companions(listing);
        Ok(plan)
    }

    /// The one checkpoint of a repository that has nothing else.
    pub fn of_single_file(listing: &Listing) -> Result<Self, String> {
        let candidates = single_files(listing);
        let [only] = candidates.as_slice() else {
            return Err(if candidates.is_empty() {
                "it has neither model_index.json nor a .safetensors or .ckpt file: \
                 that is no model of pictures"
                    .to_owned()
            } else {
                format!(
                    "it has no model_index.json, but several checkpoints: choose with --file from {}",
                    candidates.join(", ")
                )
            });
        };
        let mut plan = Self::of_patterns(listing, std::slice::from_ref(only))?;
        plan.add_companions(listing);
        Ok(plan)
    }

    /// Size of all of it, as far as the hub tells.
    pub fn size_bytes(&self) -> u64 {
        let sizes = self.files.values().filter_map(|file| file.size_bytes);
        sizes.fold(0, u64::saturating_add)
    }

    fn add_companions(&mut self, listing: &Listing) {
        for (path, file) in &listing.files {
            let lower = path.to_ascii_lowercase();
            let is_wanted = COMPANIONS.iter().any(|start| lower.starts_with(start))
                && !path.contains('/')
                && file
                    .size_bytes
                    .is_some_and(|size| size <= MAX_COMPANION_BYTES);
            if is_wanted {
                self.files.insert(path.clone(), file.clone());
            }
        }
    }
}

/// The checkpoints at the top of a repository: safetensors, and pickles only if there are no such.
fn single_files(listing: &Listing) -> Vec<String> {
    let of = |extension: &str| -> Vec<String> {
        let names = listing.files.keys();
        names
            .filter(|path| !path.contains('/') && path.ends_with(extension))
            .cloned()
            .collect()
    };
    let safetensors = of(".safetensors");
    if safetensors.is_empty() {
        of(".ckpt")
    } else {
        safetensors
    }
}

/// `*` is any text, `?` any character. Both lengths are bounded by what a name may have.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    // Where the last star was, and how much of the text it has taken.
    let (mut at, mut of, mut star) = (0, 0, None);
    while let Some(&c) = text.get(of) {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, of));
                at += 1;
            }
            Some(&p) if p == '?' || p == c => {
                at += 1;
                of += 1;
            }
            _ => match star {
                Some((star_at, star_of)) => {
                    star = Some((star_at, star_of + 1));
                    at = star_at + 1;
                    of = star_of + 1;
                }
                None => return false,
            },
        }
    }
    pattern
        .get(at..)
        .is_some_and(|rest| rest.iter().all(|&c| c == '*'))
}

#[cfg(test)]
mod tests {
    use super::super::listing::Identity;
    use super::*;

    fn listing(files: &[&str]) -> Listing {
        let file = RemoteFile {
            size_bytes: Some(10),
            identity: Identity::Unknown,
        };
        Listing {
            commit: "main".to_owned(),
            files: files
                .iter()
                .map(|name| ((*name).to_owned(), file.clone()))
                .collect(),
            refused: 0,
        }
    }

    #[test]
    fn patterns() {
        assert!(matches("*.safetensors", "a.safetensors"));
        assert!(matches("v1-?-*", "v1-5-pruned.ckpt"));
        assert!(matches("*a*a*b", "aaaaab"));
        assert!(!matches("*a*a*c", &"a".repeat(300)));
        assert!(!matches("a", "ab"));
    }

    #[test]
    fn one_checkpoint_is_found_and_several_are_listed() {
        let one = Plan::of_single_file(&listing(&["a.safetensors", "a.ckpt", "LICENSE.md"]));
        let one = one.expect("one");
        assert_eq!(
            one.files.keys().collect::<Vec<_>>(),
            ["LICENSE.md", "a.safetensors"]
        );
        let error = Plan::of_single_file(&listing(&["a.safetensors", "b.safetensors"]));
        assert!(
            error
                .expect_err("two")
                .contains("a.safetensors, b.safetensors")
        );
        assert!(Plan::of_single_file(&listing(&["x/y.safetensors"])).is_err());
        let error = Plan::of_patterns(&listing(&["a.ckpt"]), &["b*".to_owned()]);
        assert!(error.expect_err("none").contains("there are a.ckpt"));
    }
}
