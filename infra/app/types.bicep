metadata description = 'Types that several modules share.'

@export()
@description('Instances that are kept running for one group of functions.')
type alwaysReadyGroup = {
  @description('Required. `http`, or `function:NAME` for a function that a queue or the timer starts.')
  name: string

  @description('Required. How many instances.')
  instanceCount: int
}

@export()
@description('How mailboxes are opened. `scoped`: Exchange says which, Entra knows of no mail permission. `tenantWide`: every mailbox of the tenant.')
type mailboxAccessMode = 'scoped' | 'tenantWide'

@export()
@description('Kind of the principal that deploys.')
type principalKind = 'User' | 'ServicePrincipal'

@export()
@description('Private DNS zones by service.')
type privateZones = {
  @description('Required. Resource id of the zone for blobs.')
  blob: string

  @description('Required. Resource id of the zone for queues.')
  queue: string

  @description('Required. Resource id of the zone for tables.')
  table: string

  @description('Required. Resource id of the zone for key vaults.')
  vault: string
}
