//! What the operating system says about the user, and where libpq's files are on it.

#[cfg_attr(unix, path = "environment/unix.rs")]
#[cfg_attr(not(unix), path = "environment/windows.rs")]
mod system;

pub(crate) use system::{
    PASSWORD_FILE, SERVICE_FILE, SERVICE_FOLDERS, TLS_FOLDER, USUAL_PASSWORD_FILE,
    USUAL_SERVICE_FILE, home, user, user_name,
};
