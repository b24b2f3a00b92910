//! AWS's profile files, as its tools read them: `~/.aws/credentials` and `~/.aws/config`.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What gives a profile's credentials where they are not in the files, and needs AWS's own tools.
const ELSEWHERE: [&str; 4] = ["role_arn", "sso_session", "sso_start_url", "login_session"];

/// Settings under the names that they have in a file.
type Settings = HashMap<String, String>;

/// The settings of one profile.
#[derive(Default)]
pub(super) struct Profile {
    name: String,
    of_config: Settings,
    of_credentials: Settings,
}

/// Where a profile's credentials come from.
pub(super) enum Credentials {
    /// They are in the files: id, secret, token.
    Key(String, String, Option<String>),
    /// This command line prints them.
    Process(String),
}

impl Profile {
    /// The profile that the environment names, or `default`.
    ///
    /// # Errors
    /// Says what is wrong: the environment names a profile that is in neither file, or a file cannot be read.
    pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let named = variable("AWS_DEFAULT_PROFILE").or_else(|| variable("AWS_PROFILE"));
        let home = variable("HOME").or_else(|| variable("USERPROFILE"));
        let file = |name, usual| {
            let usual = || Some(Path::new(home.as_deref()?).join(".aws").join(usual));
            variable(name).map(PathBuf::from).or_else(usual)
        };
        let config = file("AWS_CONFIG_FILE", "config");
        let credentials = file("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let name = named.as_deref().unwrap_or("default");
        let in_config = match name {
            "default" => ["default", "profile default"].map(str::to_owned).to_vec(),
            name => vec![format!("profile {name}")],
        };
        let of_config = read(config, &in_config)?;
        let of_credentials = read(credentials, &[name.to_owned()])?;
        let found = of_config.is_some() || of_credentials.is_some();
        let profile = Profile {
            name: name.to_owned(),
            of_config: of_config.unwrap_or_default(),
            of_credentials: of_credentials.unwrap_or_default(),
        };
        match named {
            Some(name) if !found => Err(format!(
                "the profile {name:?} of AWS_PROFILE is in neither of AWS's files"
            )),
            _ => Ok(profile),
        }
    }

    /// A setting that is there and not empty.
    pub(super) fn setting(&self, name: &str) -> Option<&str> {
        let value = self
            .of_credentials
            .get(name)
            .or_else(|| self.of_config.get(name));
        value.map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Where its credentials come from, as AWS's tools ask one after the other; nothing where it has none.
    ///
    /// # Errors
    /// Says what to do where only AWS's own tools can get them.
    pub(super) fn credentials(&self) -> Result<Option<Credentials>, String> {
        if let Some(by) = ELSEWHERE.iter().find(|name| self.setting(name).is_some()) {
            return Err(format!(
                "the profile {:?} has its credentials by {by}, for which AWS's tools are needed: \
                 eval \"$(aws configure export-credentials --profile {} --format env)\" brings them into the environment",
                self.name, self.name
            ));
        }
        if let Some(key) = key(&self.of_credentials) {
            return Ok(Some(key));
        }
        let process = self.setting("credential_process");
        let process = process.map(|command| Credentials::Process(command.to_owned()));
        Ok(process.or_else(|| key(&self.of_config)))
    }
}

/// The settings of these sections of the file that is there.
fn read(path: Option<PathBuf>, sections: &[String]) -> Result<Option<Settings>, String> {
    let Some(path) = path else { return Ok(None) };
    match fs::read_to_string(&path) {
        Ok(text) => Ok(settings(&text, sections)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("could not read {}: {error}", path.display())),
    }
}

/// The key in a file: what belongs together is not taken from two.
fn key(settings: &Settings) -> Option<Credentials> {
    let own = |name| {
        settings
            .get(name)
            .filter(|value| !value.is_empty())
            .cloned()
    };
    let (id, secret) = own("aws_access_key_id").zip(own("aws_secret_access_key"))?;
    Some(Credentials::Key(id, secret, own("aws_session_token")))
}

/// The settings of these sections of a file; nothing where there is no such section.
fn settings(text: &str, sections: &[String]) -> Option<Settings> {
    let mut found: Option<Settings> = None;
    let mut within = false;
    // How far the last setting is indented: what is further belongs to it.
    let mut indent = None;
    for line in text.lines() {
        if line.trim().is_empty() || line.trim_start().starts_with(['#', ';']) {
            continue;
        }
        if let Some(section) = line.strip_prefix('[') {
            let section = section.split(']').next().unwrap_or_default();
            let section: Vec<&str> = section.split_whitespace().collect();
            within = sections.contains(&section.join(" "));
            indent = None;
            if within {
                found.get_or_insert_default();
            }
            continue;
        }
        let own = line.len() - line.trim_start().len();
        if indent.is_some_and(|indent| own > indent) {
            continue;
        }
        indent = Some(own);
        if let (true, Some(settings), Some((name, value))) =
            (within, &mut found, line.split_once('='))
        {
            settings.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The profile that is read where the files hold this, with these variables.
    fn read(config: &str, credentials: &str, named: Option<&str>) -> Result<Profile, String> {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".aws");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("config"), config).unwrap();
        fs::write(folder.join("credentials"), credentials).unwrap();
        Profile::read(|name| match name {
            "HOME" => Some(home.path().display().to_string()),
            "AWS_PROFILE" => named.map(str::to_owned),
            _ => None,
        })
    }

    #[test]
    fn settings_are_those_of_the_profile_that_is_asked_for() {
        let config = "# ours\n[default]\nregion = eu-west-1\ns3 =\n  region = none\n[ profile  other ]\nregion=eu-north-1\nendpoint_url = http://127.0.0.1:1/a=b\n";
        let credentials = "[default]\nAWS_ACCESS_KEY_ID = a\naws_secret_access_key = s=1#2\n\n[other]\naws_access_key_id=b\naws_secret_access_key=t\naws_session_token=u\n";
        let profile = read(config, credentials, None).unwrap();
        assert_eq!(profile.setting("region"), Some("eu-west-1"));
        let Ok(Some(Credentials::Key(id, secret, None))) = profile.credentials() else {
            panic!("no key")
        };
        assert_eq!((&*id, &*secret), ("a", "s=1#2"));
        let profile = read(config, credentials, Some("other")).unwrap();
        assert_eq!(profile.setting("region"), Some("eu-north-1"));
        assert_eq!(
            profile.setting("endpoint_url"),
            Some("http://127.0.0.1:1/a=b")
        );
        let Ok(Some(Credentials::Key(id, _, token))) = profile.credentials() else {
            panic!("no key")
        };
        assert_eq!((&*id, token.as_deref()), ("b", Some("u")));
    }

    #[test]
    fn credentials_are_asked_for_in_the_order_of_awss_tools() {
        let key = "aws_access_key_id = a\naws_secret_access_key = s\n";
        let process = "credential_process = print\n";
        let of = |config: &str, credentials: &str| {
            let (config, credentials) = (
                format!("[default]\n{config}"),
                format!("[default]\n{credentials}"),
            );
            read(&config, &credentials, None).unwrap().credentials()
        };
        assert!(matches!(
            of(key, process),
            Ok(Some(Credentials::Process(_)))
        ));
        assert!(matches!(of(process, key), Ok(Some(Credentials::Key(..)))));
        // A token of the one file is not that of the other's key.
        let token = "aws_session_token = t\n";
        assert!(matches!(
            of(token, key),
            Ok(Some(Credentials::Key(_, _, None)))
        ));
        assert!(of("role_arn = r\nsource_profile = default\n", key).is_err());
        // Indented as a whole, it is as good.
        let indented = "  aws_access_key_id = a\n  aws_secret_access_key = s\n    more\n";
        assert!(matches!(of("", indented), Ok(Some(Credentials::Key(..)))));
    }

    #[test]
    fn what_cannot_be_had_is_said() {
        let error = read("[default]\n", "", Some("gone")).err().unwrap();
        assert!(error.contains("\"gone\""), "{error}");
        let sso = "[profile work]\nsso_session = work\n[sso-session work]\nsso_region = a\n";
        let profile = read(sso, "", Some("work")).unwrap();
        let error = profile.credentials().err().unwrap();
        assert!(
            error.contains("export-credentials --profile work"),
            "{error}"
        );
        assert!(read("", "", None).unwrap().credentials().unwrap().is_none());
        // Nobody has a home: nothing is read.
        assert!(Profile::read(|_| None).unwrap().setting("region").is_none());
    }
}
