# After `azd provision`: the next steps, with the real ids. Changes nothing.
$ErrorActionPreference = 'Stop'

$access = if ($env:POSTRUM_MAILBOX_ACCESS) { $env:POSTRUM_MAILBOX_ACCESS } else { 'scoped' }
$console = if ($env:POSTRUM_PUBLIC_URL) { $env:POSTRUM_PUBLIC_URL } else { $env:POSTRUM_URL }
Write-Host "Postrum: provisioned. Its address will be $console"

if (-not $env:POSTRUM_APP_CLIENT_ID) {
    $options = ''
    if ($access -eq 'tenantWide') { $options += ' -TenantWide' }
    if ($env:POSTRUM_SEND_MAIL -eq 'true') { $options += ' -Send' }
    if ($env:POSTRUM_IMAP_ACCESS -eq 'true') { $options += ' -Imap' }
    if ($env:POSTRUM_MAILBOX_SIGN_IN -eq 'false') { $options += ' -NoMailboxSignIn' }
    if ($env:POSTRUM_PUBLIC_URL) { $options += " -PublicUrl $env:POSTRUM_PUBLIC_URL" }
    if ($env:POSTRUM_MULTI_TENANT -eq 'true') { $options += ' -MultiTenant' }
    if ($env:AZURE_PRINCIPAL_ID -and $env:AZURE_PRINCIPAL_TYPE -ne 'ServicePrincipal') { $options += " -Owner $env:AZURE_PRINCIPAL_ID" }
    Write-Host @"

Next: somebody with rights in Entra runs this in a clone of the repository (needs the Azure CLI, signed in with
az login --tenant $env:AZURE_TENANT_ID; elsewhere the same with register.sh and --unique-name, --url, --identity):

  infra/entra/register.ps1 -UniqueName $env:POSTRUM_UNIQUE_NAME -Url $env:POSTRUM_URL -Identity $env:POSTRUM_IDENTITY_PRINCIPAL_ID -Name "Postrum ($env:AZURE_ENV_NAME)"$options

It prints two ids. Set them here as it says, and provision again: azd provision
"@
    exit 0
}

if ($access -eq 'scoped') {
    $outside = if ($env:POSTRUM_PROBE_MAILBOX) { $env:POSTRUM_PROBE_MAILBOX } else { 'somebody.else@example.com' }
    $imap = if ($env:POSTRUM_IMAP_ACCESS -eq 'true') { ' -ForImap' } else { '' }
    Write-Host @"

Next: an Exchange administrator says which mailboxes the app may open. Until then it opens none. In PowerShell, after
Connect-ExchangeOnline:

  shared/setup/exchange/Set-PostrumMailboxAccess.ps1 -AppId $env:POSTRUM_APP_CLIENT_ID -ServicePrincipalObjectId $env:POSTRUM_SERVICE_PRINCIPAL_ID -Mailboxes invoices@example.com -OutsideMailbox $outside$imap
"@
}
else {
    Write-Host @"

The app opens EVERY mailbox of the tenant: POSTRUM_MAILBOX_ACCESS is tenantWide. To check or to take it back: the page
https://entra.microsoft.com/#view/Microsoft_AAD_IAM/ManagedAppMenuBlade/~/Permissions/objectId/$env:POSTRUM_SERVICE_PRINCIPAL_ID/appId/$env:POSTRUM_APP_CLIENT_ID
"@
}

if ($env:OUTBOUND_ADDRESSES) {
    Write-Host ''
    Write-Host "Calls to subscribers come from $env:OUTBOUND_ADDRESSES"
}
