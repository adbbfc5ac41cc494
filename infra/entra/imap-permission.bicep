metadata description = 'Lets the app sign in to IMAP. Which mailboxes it opens there is for Exchange to say (shared/setup/exchange).'

extension microsoftGraphV1

@description('Required. Object id of the service principal of the app registration.')
param servicePrincipalId string

resource exchange 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000002-0000-0ff1-ce00-000000000000'
}

resource granted 'Microsoft.Graph/appRoleAssignedTo@v1.0' = {
  appRoleId: filter(exchange.appRoles, role => role.value == 'IMAP.AccessAsApp')[0].id
  principalId: servicePrincipalId
  resourceId: exchange.id
}
