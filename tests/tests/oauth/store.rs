//! Credentials that outlive the process.

use std::fs;
use std::path::{Path, PathBuf};

use mcp_runtime::client::oauth::{Error, FileStore, OAuth};
use serde_json::{Value, json};

use super::mock::Reply;
use super::world::{Plan, World, error_of, until_due};

/// A directory that goes with the value.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mcp-oauth-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("credentials.json")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn kept(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn client(directory: &Directory) -> OAuth {
    OAuth::new().store(FileStore::new(directory.file()))
}

#[tokio::test]
async fn the_next_process_does_not_ask_again() {
    let directory = Directory::new("next");
    let world = World::new(Plan { token: json!({ "refresh_token": "refresh-0" }), ..Plan::default() }).await;
    let first = world.client(client(&directory));
    assert_eq!(first.post().await.unwrap(), 200);
    let second = world.client(client(&directory));
    assert_eq!(second.post().await.unwrap(), 200);
    assert_eq!((world.asked().len(), world.tokens().len()), (1, 1));
    assert_eq!(first.oauth.identity(), second.oauth.identity());
    let kept = kept(&directory.file());
    assert_eq!(kept[0]["issuer"], world.authority.origin);
    assert_eq!(kept[0]["resource"], world.url());
    assert_eq!(kept[0]["credentials"]["refresh_token"], "refresh-0");
    let names: Vec<_> = fs::read_dir(&directory.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "the file and its lock: {names:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let directory = Directory::new("mode");
    let world = World::new(Plan::default()).await;
    assert_eq!(world.client(client(&directory)).post().await.unwrap(), 200);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory.file()), 0o600);
    for wrong in [0o644, 0o660, 0o602] {
        fs::set_permissions(directory.file(), fs::Permissions::from_mode(wrong)).unwrap();
        let error = error_of(world.client(client(&directory)).post().await);
        assert!(matches!(&error, Error::Store { .. }) && error.to_string().contains("chmod 600"), "{error}");
        assert!(!format!("{error:?}").contains("test-token"));
    }
    fs::set_permissions(directory.file(), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(world.client(client(&directory)).post().await.unwrap(), 200);
}

#[tokio::test]
async fn a_file_that_is_none_is_an_error_without_its_text() {
    let directory = Directory::new("garbage");
    let world = World::new(Plan::default()).await;
    assert_eq!(world.client(client(&directory)).post().await.unwrap(), 200);
    for text in [b"hunter2".to_vec(), b"[{\"issuer\": \"hunter2\"}]".to_vec(), vec![b' '; 2 << 20]] {
        fs::write(directory.file(), text).unwrap();
        let error = error_of(world.client(client(&directory)).post().await);
        assert!(matches!(error, Error::Store { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_an_error() {
    let world = World::new(Plan::default()).await;
    let store = FileStore::new("/nonexistent/directory/credentials.json");
    let error = error_of(world.client(OAuth::new().store(store)).post().await);
    assert!(matches!(error, Error::Store { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_share_a_file() {
    let directory = Directory::new("shared");
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let oauth = client(&directory);
        tasks.spawn(async move {
            let world = World::new(Plan::default()).await;
            assert_eq!(world.client(oauth).post().await.unwrap(), 200);
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(kept(&directory.file()).as_array().unwrap().len(), 8);
}

#[tokio::test]
async fn what_another_process_renewed_is_taken_up() {
    let directory = Directory::new("renewed");
    let plan = Plan {
        token: json!({ "refresh_token": "refresh-0", "expires_in": 0 }),
        authority: Box::new(|seen, _, _| {
            let refresh = (seen.path == "/token").then(|| seen.form().get("refresh_token").cloned())??;
            assert_eq!(refresh, "refresh-0", "a refresh token is used once");
            let token =
                json!({ "access_token": "test-token-new", "token_type": "Bearer", "refresh_token": "refresh-1" });
            Some(Reply::json(200, &token))
        }),
        ..Plan::default()
    };
    let world = World::new(plan).await;
    let (first, second) = (world.client(client(&directory)), world.client(client(&directory)));
    assert_eq!(first.post().await.unwrap(), 200);
    // The first one still holds the token that has ended.
    assert_eq!(second.post().await.unwrap(), 200);
    until_due().await;
    assert_eq!(first.post().await.unwrap(), 200);
    assert_eq!(second.post().await.unwrap(), 200);
    assert_eq!(world.asked().len(), 1);
    assert_eq!(kept(&directory.file())[0]["credentials"]["refresh_token"], "refresh-1");
}

#[tokio::test]
async fn a_key_is_kept_with_the_token_that_is_bound_to_it() {
    let directory = Directory::new("key");
    let world = World::new(Plan::default()).await;
    assert_eq!(world.client(client(&directory).dpop()).post().await.unwrap(), 200);
    assert_eq!(world.client(client(&directory).dpop()).post().await.unwrap(), 200);
    assert_eq!(world.asked().len(), 1);
    assert!(kept(&directory.file())[0]["credentials"]["binding_key"].is_string());
}

#[tokio::test]
async fn a_secret_that_was_agreed_on_by_hand_is_used_as_it_is_now() {
    let directory = Directory::new("secret");
    let plan = || Plan {
        issuer: json!({ "token_endpoint_auth_methods_supported": ["client_secret_post"] }),
        token: json!({ "refresh_token": "refresh-0", "expires_in": 0 }),
        ..Plan::default()
    };
    let world = World::new(plan()).await;
    for secret in ["old-secret", "new-secret"] {
        let oauth = OAuth::pre_registered("id", secret).store(FileStore::new(directory.file()));
        assert_eq!(world.client(oauth).post().await.unwrap(), 200);
    }
    let shown: Vec<_> = world.tokens().iter().map(|form| form["client_secret"].clone()).collect();
    assert_eq!((shown.first().unwrap().as_str(), shown.last().unwrap().as_str()), ("old-secret", "new-secret"));
    assert_eq!(world.asked().len(), 1);
}
