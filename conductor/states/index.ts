export { isProvisionState, isSettled, type ProvisionState, STATES } from './states.ts';
export {
  nextPlace,
  type Place,
  type StateEvent,
  type Transition,
  transitions,
  type Verb,
  VERBS,
  verbsFrom,
} from './transitions.ts';
