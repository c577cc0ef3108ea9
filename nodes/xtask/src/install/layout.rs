//! Which file goes where, by the name that cargo gives it: `libamdm_capi.so` and its kin.
//!
//! The number in a library's name is the major version of its interface; programs ask for that
//! name. A DLL keeps the name that it was linked with, as import libraries ask for that one; on
//! Windows names of libraries for linkers are those that `-lamdm` finds, the shared one first.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};

/// A kind of system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Linux and what is like it.
    Linux,
    /// macOS.
    Macos,
    /// Windows with Microsoft's compiler.
    Msvc,
    /// Windows with GCC.
    Mingw,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The shared library.
    Shared,
    /// What programs link on Windows in place of the shared library.
    Import,
    /// The static library.
    Static,
}

/// A file to install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Where it lies now.
    pub from: PathBuf,
    /// Below the prefix.
    pub path: &'static str,
}

/// All libraries to install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Where they run.
    pub system: System,
    /// The shared library.
    pub shared: Placed,
    /// A link to it, under the name that linkers look for.
    pub link: Option<&'static str>,
    /// What programs link in its place; there where linkers cannot read the library itself.
    pub import: Option<Placed>,
    /// The static library, where one was built.
    pub archive: Option<Placed>,
}

impl System {
    /// Where the shared library goes, and the link to it.
    fn shared(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Linux => ("lib/libamdm.so.1", Some("lib/libamdm.so")),
            Self::Macos => ("lib/libamdm.1.dylib", Some("lib/libamdm.dylib")),
            Self::Msvc | Self::Mingw => ("bin/amdm_capi.dll", None),
        }
    }

    /// Where what programs link in its place goes.
    fn import(self) -> Option<&'static str> {
        match self {
            Self::Linux | Self::Macos => None,
            Self::Msvc => Some("lib/amdm.lib"),
            Self::Mingw => Some("lib/libamdm.dll.a"),
        }
    }

    /// Where the static library goes.
    fn archive(self) -> &'static str {
        if self == Self::Msvc { "lib/amdm_static.lib" } else { "lib/libamdm.a" }
    }

    /// The name by which programs ask for the shared library, where they do not take the file's.
    pub fn soname(self) -> Option<&'static str> {
        match self {
            Self::Linux => Some("libamdm.so.1"),
            Self::Macos => Some("@rpath/libamdm.1.dylib"),
            Self::Msvc | Self::Mingw => None,
        }
    }

    /// What a program that links the static library needs besides.
    pub fn libraries(self) -> &'static str {
        match self {
            Self::Linux => "-lgcc_s -lutil -lrt -lpthread -lm -ldl",
            Self::Macos => "-liconv -lSystem -lm",
            Self::Msvc | Self::Mingw => "-lkernel32 -lntdll -luserenv -lws2_32 -ldbghelp",
        }
    }
}

/// What a file is for; none of what is not installed.
#[must_use]
pub fn kind(file: &Path) -> Option<Kind> {
    Some(match file.file_name()?.to_str()? {
        "libamdm_capi.so" | "libamdm_capi.dylib" | "amdm_capi.dll" => Kind::Shared,
        "amdm_capi.dll.lib" | "libamdm_capi.dll.a" => Kind::Import,
        "amdm_capi.lib" | "libamdm_capi.a" => Kind::Static,
        _ => return None,
    })
}

impl Layout {
    /// Finds a place for the libraries among `files`.
    ///
    /// # Errors
    /// Where there is no shared library, more than one of a kind, or nothing to link it by.
    pub fn of(files: &[PathBuf]) -> Result<Self> {
        let one = |wanted: Kind, name: &str| -> Result<Option<&PathBuf>> {
            let mut found = files.iter().filter(|file| kind(file) == Some(wanted));
            let (first, second) = (found.next(), found.next());
            ensure!(second.is_none(), "found {name} of several systems among what was built");
            Ok(first)
        };
        let import = one(Kind::Import, "import libraries")?;
        let archive = one(Kind::Static, "static libraries")?;
        let Some(shared) = one(Kind::Shared, "shared libraries")? else {
            bail!("found no shared library among what was built");
        };
        let ends = |file: &PathBuf, with: &str| file.extension().is_some_and(|end| end == with);
        let system = match import {
            _ if ends(shared, "so") => System::Linux,
            _ if ends(shared, "dylib") => System::Macos,
            Some(import) if ends(import, "lib") => System::Msvc,
            Some(_) => System::Mingw,
            None => bail!("found no import library of amdm_capi.dll among what was built"),
        };
        let placed = |from: &PathBuf, path| Placed { from: from.clone(), path };
        let (path, link) = system.shared();
        Ok(Self {
            system,
            shared: placed(shared, path),
            link,
            import: import.zip(system.import()).map(|(from, path)| placed(from, path)),
            archive: archive.map(|from| placed(from, system.archive())),
        })
    }

    /// All files.
    pub fn placed(&self) -> impl Iterator<Item = &Placed> {
        std::iter::once(&self.shared).chain(&self.import).chain(&self.archive)
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Layout, System, kind};

    fn paths(names: &[&str]) -> Option<(System, Vec<&'static str>)> {
        let files = names.iter().map(|name| Path::new("target/release").join(name));
        let layout = Layout::of(&files.collect::<Vec<PathBuf>>()).ok()?;
        let paths = layout.placed().map(|placed| placed.path).chain(layout.link);
        Some((layout.system, paths.collect()))
    }

    #[test]
    fn every_system_has_its_names() {
        let linux = vec!["lib/libamdm.so.1", "lib/libamdm.a", "lib/libamdm.so"];
        assert_eq!(paths(&["libamdm_capi.a", "libamdm_capi.so"]), Some((System::Linux, linux)));
        let macos = vec!["lib/libamdm.1.dylib", "lib/libamdm.dylib"];
        assert_eq!(paths(&["libamdm_capi.dylib"]), Some((System::Macos, macos)));
        let msvc = vec!["bin/amdm_capi.dll", "lib/amdm.lib", "lib/amdm_static.lib"];
        let files = ["amdm_capi.dll", "amdm_capi.dll.lib", "amdm_capi.lib", "amdm_capi.pdb"];
        assert_eq!(paths(&files), Some((System::Msvc, msvc)));
        let mingw = vec!["bin/amdm_capi.dll", "lib/libamdm.dll.a", "lib/libamdm.a"];
        let files = ["amdm_capi.dll", "libamdm_capi.dll.a", "libamdm_capi.a"];
        assert_eq!(paths(&files), Some((System::Mingw, mingw)));
    }

    #[test]
    fn what_lacks_something_or_has_it_twice_is_refused() {
        for files in [
            &["libamdm_capi.a"][..],
            &["amdm_capi.dll", "libamdm_capi.a"],
            &["libamdm_capi.so", "libamdm_capi.dylib"],
            &[],
        ] {
            assert_eq!(paths(files), None, "{files:?}");
        }
        assert_eq!(kind(Path::new("libamdm_capi.rlib")), None);
    }
}
