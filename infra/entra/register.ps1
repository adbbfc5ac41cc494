<#
.SYNOPSIS
Makes the app registration of Postrum, for a deployment by somebody without rights in Entra.

.DESCRIPTION
Does what the Bicep files of this folder do. Can be run again: it creates what is missing and sets what is there.
Needs the Azure CLI, signed in to the tenant of the deployment.

https://learn.microsoft.com/graph/api/application-upsert
https://learn.microsoft.com/graph/api/federatedidentitycredential-upsert
https://learn.microsoft.com/graph/api/serviceprincipal-upsert
https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto

.PARAMETER UniqueName
Name that finds the registration again: POSTRUM_UNIQUE_NAME of the deployment.

.PARAMETER Url
Address of the function app: POSTRUM_URL.

.PARAMETER PublicUrl
Address at which people reach the console, where it is not Url: POSTRUM_PUBLIC_URL.

.PARAMETER Identity
Object id of the managed identity: POSTRUM_IDENTITY_PRINCIPAL_ID.

.PARAMETER Name
Name that people see.

.PARAMETER Owner
Object id of the person who becomes Owner of the console.

.PARAMETER TenantWide
Opens every mailbox of the tenant.

.PARAMETER Send
With TenantWide: the app may send mail from every mailbox too.

.PARAMETER Imap
Lets the app sign in to IMAP. Which mailboxes it opens there is for Exchange to say.

.PARAMETER NoMailboxSignIn
Only people with a role in the console can sign in, so no mailbox can be read with the rights of an account.

.PARAMETER MultiTenant
Administrators of other tenants may connect their mailboxes.

.EXAMPLE
./register.ps1 -UniqueName postrum-abc -Url https://func-postrum-abc.azurewebsites.net -Identity 1ca5ae2b-3a7c-4f0e-9d43-d9b9cf4f0a01
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)][ValidatePattern('^[a-zA-Z0-9-]+$')][string]$UniqueName,
    [Parameter(Mandatory)][ValidatePattern('^https://[a-zA-Z0-9.:-]+/?$')][string]$Url,
    [ValidatePattern('^(https://[a-zA-Z0-9.:-]+/?)?$')][string]$PublicUrl = '',
    [Parameter(Mandatory)][guid]$Identity,
    [string]$Name = 'Postrum',
    [guid]$Owner = [guid]::Empty,
    [switch]$TenantWide,
    [switch]$Send,
    [switch]$Imap,
    [switch]$NoMailboxSignIn,
    [switch]$MultiTenant
)
$ErrorActionPreference = 'Stop'

$graph = 'https://graph.microsoft.com/v1.0'
$microsoftGraph = '00000003-0000-0000-c000-000000000000'
$exchangeOnline = '00000002-0000-0ff1-ce00-000000000000'
$azureCli = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'
$imapScope = '652390e4-393a-48de-9484-05f9b1212954' # IMAP.AccessAsUser.All
$base = $Url.TrimEnd('/')
$homePage = if ($PublicUrl) { $PublicUrl.TrimEnd('/') } else { $base }
$redirects = @(@($base, $homePage) | Select-Object -Unique | ForEach-Object { "$_/sign-in/callback", "$_/consent/callback", "$_/connect/callback" })
$apiScopes = @(Get-Content -Raw -Path (Join-Path $PSScriptRoot 'api-scopes.json') | ConvertFrom-Json)

function Invoke-Graph([string]$Method, [string]$Path, $Body) {
    $arguments = @('rest', '--method', $Method, '--url', "$graph/$Path", '--output', 'json')
    $file = $null
    if ($null -ne $Body) {
        # A file, because the quoting of arguments differs between versions of PowerShell.
        $file = New-TemporaryFile
        ConvertTo-Json -InputObject $Body -Depth 10 | Set-Content -Path $file -Encoding utf8
        $arguments += @('--headers', 'Content-Type=application/json', 'Prefer=create-if-missing', '--body', "@$file")
    }
    try {
        $answer = az @arguments
        if ($LASTEXITCODE -ne 0) { throw "az rest --method $Method $Path failed" }
    }
    finally {
        if ($file) { Remove-Item -Path $file }
    }
    if ($answer) { return ($answer | Out-String | ConvertFrom-Json) }
}

function Get-Principal([string]$AppId) { Invoke-Graph 'get' "servicePrincipals(appId='$AppId')" }

function Add-Role([string]$Kind, [string]$Principal, [string]$Resource, [string]$Role) {
    $assigned = (Invoke-Graph 'get' "$Kind/$Principal/appRoleAssignments").value |
        Where-Object { $_.resourceId -eq $Resource -and $_.appRoleId -eq $Role }
    if (-not $assigned) {
        Invoke-Graph 'post' "servicePrincipals/$Resource/appRoleAssignedTo" @{ principalId = $Principal; resourceId = $Resource; appRoleId = $Role } | Out-Null
    }
}

$tenant = az account show --query tenantId --output tsv
$graphPrincipal = Get-Principal $microsoftGraph

$permissions = @()
if ($TenantWide) { $permissions += 'Mail.ReadWrite' }
if ($TenantWide -and $Send) { $permissions += 'Mail.Send' }
$mailRoles = @($graphPrincipal.appRoles | Where-Object { $permissions -contains $_.value })
# Permissions in the name of somebody who signs in. Declared: each account, or an administrator for it, still has to agree.
$scopes = @('openid', 'profile')
if (-not $NoMailboxSignIn) { $scopes += @('offline_access', 'Mail.ReadWrite.Shared') }
$access = @($graphPrincipal.oauth2PermissionScopes | Where-Object { $scopes -contains $_.value } | ForEach-Object { @{ id = $_.id; type = 'Scope' } })
if ($access.Count -ne $scopes.Count) { throw "Not all of the permissions $scopes were found" }
$access += @($mailRoles | ForEach-Object { @{ id = $_.id; type = 'Role' } })
$required = @(@{ resourceAppId = $microsoftGraph; resourceAccess = $access })
if (-not $NoMailboxSignIn) { $required += @{ resourceAppId = $exchangeOnline; resourceAccess = @(@{ id = $imapScope; type = 'Scope' }) } }

Write-Host "Application $UniqueName"
Invoke-Graph 'patch' "applications(uniqueName='$UniqueName')" @{
    displayName            = $Name
    signInAudience         = if ($MultiTenant) { 'AzureADMultipleOrgs' } else { 'AzureADMyOrg' }
    appRoles               = @(Get-Content -Raw -Path (Join-Path $PSScriptRoot 'app-roles.json') | ConvertFrom-Json)
    web                    = @{
        homePageUrl           = "$homePage/"
        redirectUris          = $redirects
        implicitGrantSettings = @{ enableAccessTokenIssuance = $false; enableIdTokenIssuance = $false }
    }
    api                    = @{ requestedAccessTokenVersion = 2; oauth2PermissionScopes = $apiScopes }
    requiredResourceAccess = $required
} | Out-Null
$application = Invoke-Graph 'get' "applications(uniqueName='$UniqueName')"

Write-Host 'Its API, for the command postrum'
Invoke-Graph 'patch' "applications(uniqueName='$UniqueName')" @{
    identifierUris = @("api://$($application.appId)")
    api            = @{
        requestedAccessTokenVersion = 2
        oauth2PermissionScopes      = $apiScopes
        preAuthorizedApplications   = @(@{ appId = $azureCli; delegatedPermissionIds = @($apiScopes | ForEach-Object { $_.id }) })
    }
} | Out-Null

Write-Host 'Trust in the managed identity'
Invoke-Graph 'patch' "applications(uniqueName='$UniqueName')/federatedIdentityCredentials(name='managed-identity')" @{
    description = 'The managed identity of the function app signs for this registration.'
    issuer      = "https://login.microsoftonline.com/$tenant/v2.0"
    subject     = "$Identity"
    audiences   = @('api://AzureADTokenExchange')
} | Out-Null

Write-Host 'Service principal'
Invoke-Graph 'patch' "servicePrincipals(appId='$($application.appId)')" @{ appRoleAssignmentRequired = [bool]$NoMailboxSignIn } | Out-Null
$principal = Get-Principal $application.appId

foreach ($role in $mailRoles) {
    Write-Host "Permission for every mailbox of the tenant: $($role.value)"
    Add-Role 'servicePrincipals' $principal.id $graphPrincipal.id $role.id
}
if ($Imap) {
    Write-Host 'Permission to sign in to IMAP'
    $exchange = Get-Principal $exchangeOnline
    Add-Role 'servicePrincipals' $principal.id $exchange.id ($exchange.appRoles | Where-Object { $_.value -eq 'IMAP.AccessAsApp' }).id
}
if ($Owner -ne [guid]::Empty) {
    Write-Host 'Owner of the console'
    Add-Role 'users' "$Owner" $principal.id ($principal.appRoles | Where-Object { $_.value -eq 'Owner' }).id
}

Write-Host @"

Done. Who deploys sets these and provisions again:

  azd env set POSTRUM_APP_CLIENT_ID $($application.appId)
  azd env set POSTRUM_SERVICE_PRINCIPAL_ID $($principal.id)
  azd provision
"@
