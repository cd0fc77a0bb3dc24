"""What the views of deliveries share."""

from pydantic import BaseModel


class RelationView(BaseModel):
    """Fields that name a supply relation: who delivers which material to which site and dock."""

    supplier: str
    material: str
    site: str | None
    dock: str
