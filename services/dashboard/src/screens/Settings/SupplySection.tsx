/** Settings: what lines consume, what their downtime costs, and what suppliers must keep. */
import { SupplyMaterials } from "./SupplyMaterials";
import { SupplyPolicies } from "./SupplyPolicies";
import { SupplyRates } from "./SupplyRates";

export function SupplySection() {
  return (
    <>
      <SupplyMaterials />
      <SupplyRates />
      <SupplyPolicies />
    </>
  );
}
