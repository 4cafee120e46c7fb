/**
 * Recognises files that hold secrets by their names and contents. The names are those that gitleaks, detect-secrets and
 * GitHub's own ignore templates list; the patterns are the formats that issuers document for scanners.
 */
import { basename, sep } from "node:path";

/** Full names of files that hold secrets. */
const NAMES = new Set(
  `.envrc .npmrc .yarnrc .yarnrc.yml .netrc _netrc .pypirc .pgpass pgpass.conf .my.cnf .mylogin.cnf .htpasswd
  .git-credentials .dockercfg .dockerconfigjson .vault-token .vault_pass .vault-pass .terraformrc terraform.rc .s3cfg
  .boto .tugboat .ftpconfig .remote-sync.json sftp.json sftp-config.json .esmtprc .msmtprc .fetchmailrc .mutt_passwords
  .bash_history .zsh_history .python_history .node_repl_history .psql_history .mysql_history .sqlite_history .rediscli_history .irb_history
  known_hosts authorized_keys kubeconfig kube.config shadow master.key production.key robomongo.json
  filezilla.xml recentservers.xml sitemanager.xml accessTokens.json azureProfile.json msal_token_cache.json
  adc.json application_default_credentials.json client_secret.json google-services.json GoogleService-Info.plist
  wp-config.php localsettings.php local_settings.py jenkins.plugins.publish_over_ssh.BapSshPublisherPlugin.xml
  .cargo-credentials auth.json .pip.conf pip.conf .gem-credentials token token.json token.txt tokens.txt local.settings.json`
    .toLowerCase()
    .split(/\s+/),
);

/** Endings and parts of names of such files. */
const NAME_PATTERNS: readonly RegExp[] = [
  /^\.env(rc)?([._-].*)?$|\.env(\.[\w-]+)?$|^env[._-](prod|production|stag(e|ing)|dev|development|local|test)$/,
  /\.(pem|key|p8|p12|pfx|pkcs12|jks|keystore|bks|kdbx?|asc|gpg|pgp|ppk|ovpn|rdp|agilekeychain|keychain|keytab|pkey|der|mobileprovision|cscfg|publishsettings)$/,
  /\.(tfstate|tfvars)(\..*)?$|\.tfvars\.json$/,
  /^id_(rsa|dsa|ecdsa|ed25519)/,
  /(credential|secret)/,
  /(^|[._-])(passwords?|passwd|passphrases?|api[._-]?keys?|private[._-]?keys?|access[._-]?(keys?|tokens?)|(o?auth|bot|github|gitlab|refresh|session)[._-]?tokens?)([._-].*)?\.(txt|json|ya?ml|toml|ini|cfg|conf|properties|csv|xml|md)$/,
  /^(passwords?|passwd|api[._-]?keys?|private[._-]?keys?|access[._-]?(keys?|tokens?)|(o?auth|bot|github|gitlab)[._-]?tokens?)$/,
  // Source files too, if they are named so for what they hold.
  /^(passwords|api[._-]?keys?|private[._-]?keys?)\.\w+$/,
  /service[._-]?account.*\.(json|ya?ml|p12)$/,
  /^(firebase-adminsdk|.*-firebase-adminsdk).*\.json$/,
  /^kubeconfig([._-].*)?$|\.kubeconfig$/,
  /^vault[._-]?pass(word)?([._-].*)?$/,
  /^appsettings\.(?!json$).*\.json$/,
];

/** Folders that hold hardly anything else. */
const FOLDER =
  /(^|\/)\.(ssh|aws|gnupg|kube|docker|azure|gcloud|vault|password-store|terraform\.d|secrets?)\//;

/** Keys and tokens. Each is searched in time proportional to the text. */
const CONTENTS: readonly RegExp[] = [
  /-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/,
  /PuTTY-User-Key-File-[23]:/,
  /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b/,
  /\bgh[pousr]_[A-Za-z0-9]{36}/,
  /\bgithub_pat_\w{50}/,
  /\bglpat-[\w-]{20}/,
  /\bxox[abeoprs]-[\w-]{10}/,
  /\bhooks\.slack\.com\/services\/T\w{6,12}\/B\w{6,12}\/\w{20}/,
  /\b[rs]k_live_[A-Za-z0-9]{16}/,
  /\bAIza[\w-]{35}/,
  /\bya29\.[\w-]{20}/,
  /\bsk-ant-[\w-]{20}/,
  /\bsk-(?:proj|svcacct|admin)-[\w-]{20}|\bsk-[A-Za-z0-9]{20}T3BlbkFJ/,
  /\bsk-or-v1-[a-f0-9]{32}/,
  /\bgsk_[A-Za-z0-9]{40}/,
  /\bxai-[A-Za-z0-9]{60}/,
  /\bxapp-\d-[A-Z0-9]{8,16}-\d{8}/,
  /\baws_secret_access_key["']?\s{0,4}[=:]\s{0,4}["']?[A-Za-z0-9/+]{40}\b/i,
  // An address with a password, except for those that examples use.
  /\b[a-z][a-z\d+]{1,20}:\/\/[^\s:@/'"`$<{]{0,64}:(?!(?:pass(?:word|wd)?|pwd|secret|user|postgres|root|guest|admin|test|example|changeme|x+|\*+)@)[^\s:@/'"`$<{]{6,128}@[\w-]/i,
  /\bhf_[A-Za-z]{34}\b/,
  /\bnpm_[A-Za-z0-9]{36}/,
  /\bpypi-AgEIcHlwaS5vcmc[\w-]{20}/,
  /\bdop_v1_[a-f0-9]{64}/,
  /\bSG\.[\w-]{22}\.[\w-]{43}/,
  /\bSK[a-f0-9]{32}\b/,
  /\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}/,
  /\bhvs\.[\w-]{60}/,
  /\bAccountKey=[A-Za-z0-9+/]{80}/,
  /\beyJ[\w-]{10,2000}\.eyJ[\w-]{10}/,
  /\bwhsec_[A-Za-z0-9+/]{24}/,
  /\bSECRET_KEY["']?\s{0,4}[=:]\s{0,4}["'][^"'\n]{24}/,
  /\bAGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}/,
  /\bglsa_\w{32}_[a-f0-9]{8}/,
];

/** @param path with forward slashes */
export function isSecret(path: string): boolean {
  const lower = path.toLowerCase();
  const name = basename(lower);
  return (
    NAMES.has(name) ||
    FOLDER.test(lower.startsWith("/") ? lower : `/${lower}`) ||
    NAME_PATTERNS.some(each => each.test(name))
  );
}

/** Whether a file of a folder is one, by its own name and those of all folders above. @param path below the root, with forward slashes */
export const isSecretBelow = (root: string, path: string): boolean =>
  isSecret(`${root.split(sep).join("/")}/${path}`);

/** Whether a text holds a private key or an access token. */
export const holdsSecret = (text: string): boolean => CONTENTS.some(each => each.test(text));
