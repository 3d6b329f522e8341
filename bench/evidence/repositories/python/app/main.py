from fastapi import FastAPI, HTTPException

from .prices import total

app = FastAPI()
PRICES = {"pen": 120, "book": 1500}


@app.get("/total/{item}")
def read_total(item: str, count: int = 1):
    if item not in PRICES:
        raise HTTPException(status_code=404, detail="unknown item")
    return {"item": item, "count": count, "cents": total(PRICES[item], count)}
