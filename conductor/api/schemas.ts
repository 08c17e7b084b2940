export * from './schemas/agents.ts';
export * from './schemas/network.ts';
export * from './schemas/node.ts';
export * from './schemas/records.ts';
export * from './schemas/states.ts';
export * from './schemas/values.ts';
