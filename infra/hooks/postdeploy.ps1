# After `azd deploy`: where to look. Changes nothing.
$ErrorActionPreference = 'Stop'
$console = if ($env:POSTRUM_PUBLIC_URL) { $env:POSTRUM_PUBLIC_URL } else { $env:POSTRUM_URL }
Write-Host 'Postrum: deployed.'
if ($env:AZURE_PRINCIPAL_TYPE -and $env:AZURE_PRINCIPAL_TYPE -ne 'User') {
    Write-Host '  A pipeline cannot be Owner of the console: give a person the role Owner in Entra, or nobody gets in.'
}
else {
    Write-Host '  You sign in to the console as its Owner.'
}
Write-Host @"
  Roles are given in Entra: Enterprise applications, Users and groups.
  Check it from here, after az login --tenant $env:AZURE_TENANT_ID
    postrum doctor --url $console
"@
Write-Host "Console: $console/"
