//! What is restored otherwise than the archive has it.

use std::fmt;

use bstr::BString;

use crate::obstacle::Obstacle;

/// A way in which an entry is restored otherwise than the archive has it, or not at all. Shown, it says what and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Adaptation {
    /// A role is written as another.
    Role {
        /// Its name in the archive.
        from: BString,
        /// Its name on the server.
        to: BString,
    },
    /// The role is created, since the archive's objects name it.
    NewRole {
        /// Its name.
        role: BString,
    },
    /// The object belongs to the role that restores, and what its owner had of privileges and gave, that role has and gives.
    Owner {
        /// The owner in the archive.
        owner: BString,
    },
    /// Privileges that the role gave on are given by the owner.
    Grantor {
        /// Who gave them in the archive.
        grantor: BString,
    },
    /// Privileges of the role, or on its new objects, are left out.
    Privileges {
        /// Its name.
        role: BString,
    },
    /// A policy is for the role no more, and for the others still.
    PolicyRole {
        /// Its name.
        role: BString,
    },
    /// Settings of the role in the database are left out.
    Settings {
        /// Its name.
        role: BString,
    },
    /// A schema that an extension has its objects in is written as another.
    ExtensionSchema {
        /// Its name in the archive.
        from: BString,
        /// Its name on the server.
        to: BString,
    },
    /// A routine's body, or one of its settings, names a schema that extensions are not in any more. It stays as it is.
    Body {
        /// The schema's name in the archive.
        schema: BString,
    },
    /// The database has one of that name already, which is taken as it is.
    Taken {
        /// What there is, as the table of contents calls it.
        descriptor: BString,
    },
    /// What there is stays, rather than be dropped first.
    NotDropped {
        /// What would be in the way.
        because: Obstacle,
    },
    /// It comes into the database's own tablespace.
    Tablespace {
        /// The tablespace in the archive.
        tablespace: BString,
    },
    /// It gets the access method that all tables have.
    TableAccessMethod {
        /// The access method in the archive.
        access_method: BString,
    },
    /// A part of the definition is left out.
    Clause {
        /// Which, as the statement has it.
        clause: BString,
        /// What would be in its way.
        because: Obstacle,
    },
    /// A part of the definition is written otherwise.
    Rewritten {
        /// Which, as the archive has it.
        clause: BString,
        /// What is said for it.
        instead: BString,
        /// What would be in its way.
        because: Obstacle,
    },
    /// An option of a column is left out that no user has set: servers keep such options for themselves. Nothing is lost.
    InternalOption {
        /// The option, with its value.
        option: BString,
    },
    /// Privileges on the schema `public` are not granted to everybody, who has them already. Nothing is lost.
    HeldAlready,
    /// It is left out.
    LeftOut {
        /// What would be in its way.
        because: Obstacle,
    },
    /// It is left out, since the host manages it that the archive comes from.
    Managed {
        /// The host, by its name for people.
        host: String,
    },
    /// It is left out with another entry, which it needs.
    LeftOutWith {
        /// That entry, as the archive's list has it.
        entry: BString,
    },
}

impl Adaptation {
    /// Whether what is restored is all that users know of. An entry of which nothing else is said counts as done.
    pub fn loses_nothing(&self) -> bool {
        matches!(
            self,
            Adaptation::InternalOption { .. } | Adaptation::HeldAlready
        )
    }

    /// Whether nothing is left of the entry.
    pub fn is_omission(&self) -> bool {
        matches!(
            self,
            Adaptation::LeftOut { .. }
                | Adaptation::LeftOutWith { .. }
                | Adaptation::Managed { .. }
        )
    }
}

impl fmt::Display for Adaptation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Adaptation::Role { from, to } => write!(f, "role \"{from}\" is \"{to}\""),
            Adaptation::NewRole { role } => write!(f, "role \"{role}\" is created, without login"),
            Adaptation::Owner { owner } => write!(
                f,
                "it belongs to the role that makes it, rather than to \"{owner}\""
            ),
            Adaptation::Grantor { grantor } => write!(
                f,
                "what \"{grantor}\" granted is granted by the owner instead"
            ),
            Adaptation::Privileges { role } => {
                write!(f, "privileges that name the role \"{role}\" are left out")
            }
            Adaptation::PolicyRole { role } => write!(f, "it is not for the role \"{role}\""),
            Adaptation::Settings { role } => {
                write!(f, "settings of the role \"{role}\" are left out")
            }
            Adaptation::ExtensionSchema { from, to } => {
                write!(f, "the extension's schema \"{from}\" is \"{to}\"")
            }
            Adaptation::Body { schema } => write!(
                f,
                "its body names the schema \"{schema}\", and is left as it is"
            ),
            Adaptation::Taken { descriptor } => {
                let kind = descriptor.to_string().to_lowercase();
                write!(f, "the {kind} that is there already is taken as it is")
            }
            Adaptation::NotDropped { because } => write!(f, "it is not dropped: {because}"),
            Adaptation::Tablespace { tablespace } => write!(
                f,
                "it comes into the database's tablespace, rather than into \"{tablespace}\""
            ),
            Adaptation::TableAccessMethod { access_method } => write!(
                f,
                "its access method is heap, rather than \"{access_method}\""
            ),
            Adaptation::Clause { clause, because } => {
                write!(f, "{clause} is left out: {because}")
            }
            Adaptation::Rewritten {
                clause,
                instead,
                because,
            } => write!(f, "{clause} is written as {instead}: {because}"),
            Adaptation::InternalOption { option } => write!(
                f,
                "{option} is left out, which the server keeps for itself: nothing is lost"
            ),
            Adaptation::HeldAlready => {
                f.write_str("everybody has these privileges already: nothing is lost")
            }
            Adaptation::LeftOut { because } => write!(f, "left out: {because}"),
            Adaptation::Managed { host } => {
                write!(f, "left out: {host} manages it where it comes from")
            }
            Adaptation::LeftOutWith { entry } => write!(f, "left out with {entry}"),
        }
    }
}
