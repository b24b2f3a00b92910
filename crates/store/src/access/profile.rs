//! AWS's profile files, as its tools read them: `~/.aws/credentials` and `~/.aws/config`.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What gives a profile's credentials where they are not in the files, and needs AWS's own tools.
const ELSEWHERE: [&str; 4] = ["role_arn", "sso_session", "sso_start_url", "login_session"];

/// The settings of one profile, under the names that they have in the files.
#[derive(Default)]
pub(super) struct Profile {
    name: String,
    settings: HashMap<String, String>,
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
        let named = variable("AWS_PROFILE").or_else(|| variable("AWS_DEFAULT_PROFILE"));
        let home = variable("HOME").or_else(|| variable("USERPROFILE"));
        let file = |name, usual| {
            let usual = || Some(Path::new(home.as_deref()?).join(".aws").join(usual));
            variable(name).map(PathBuf::from).or_else(usual)
        };
        let config = file("AWS_CONFIG_FILE", "config");
        let credentials = file("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let name = named.as_deref().unwrap_or("default");
        let mut profile = Profile {
            name: name.to_owned(),
            settings: HashMap::new(),
        };
        let in_config = match name {
            "default" => ["default", "profile default"].map(str::to_owned),
            name => [format!("profile {name}"), String::new()],
        };
        // What is in both is taken from that for credentials.
        let mut found = false;
        for (path, sections) in [
            (config, &in_config[..]),
            (credentials, &[name.to_owned()][..]),
        ] {
            let Some(path) = path else { continue };
            let text = match fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(format!("could not read {}: {error}", path.display())),
            };
            found |= profile.take(&text, sections);
        }
        match named {
            Some(name) if !found => Err(format!(
                "the profile {name:?} of AWS_PROFILE is in neither of AWS's files"
            )),
            _ => Ok(profile),
        }
    }

    /// Takes the settings of these sections; whether there is one.
    fn take(&mut self, text: &str, sections: &[String]) -> bool {
        let mut found = false;
        let mut within = false;
        for line in text.lines() {
            if line.trim().is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(section) = line.strip_prefix('[') {
                let section = section.split(']').next().unwrap_or_default();
                let section: Vec<&str> = section.split_whitespace().collect();
                within = sections.contains(&section.join(" "));
                found |= within;
                continue;
            }
            // What is indented belongs to the setting above it.
            if within && !line.starts_with([' ', '\t']) {
                if let Some((name, value)) = line.split_once('=') {
                    let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
                    self.settings.insert(name, value.to_owned());
                }
            }
        }
        found
    }

    /// A setting that is there and not empty.
    pub(super) fn setting(&self, name: &str) -> Option<&str> {
        let value = self.settings.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    /// Where its credentials come from; nothing where it has none.
    ///
    /// # Errors
    /// Says what to do where only AWS's own tools can get them.
    pub(super) fn credentials(&self) -> Result<Option<Credentials>, String> {
        let own = |name| self.setting(name).map(str::to_owned);
        if let Some((id, secret)) = own("aws_access_key_id").zip(own("aws_secret_access_key")) {
            let token = own("aws_session_token");
            return Ok(Some(Credentials::Key(id, secret, token)));
        }
        if let Some(command) = own("credential_process") {
            return Ok(Some(Credentials::Process(command)));
        }
        match ELSEWHERE.iter().find(|name| self.setting(name).is_some()) {
            Some(by) => Err(format!(
                "the profile {:?} has its credentials by {by}, for which AWS's tools are needed: \
                 eval \"$(aws configure export-credentials --profile {} --format env)\" brings them into the environment",
                self.name, self.name
            )),
            None => Ok(None),
        }
    }
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
