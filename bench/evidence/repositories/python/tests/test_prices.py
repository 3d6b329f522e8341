from fastapi.testclient import TestClient

from app.main import app

client = TestClient(app)


def test_one_piece():
    assert client.get("/total/pen").json() == {"item": "pen", "count": 1, "cents": 120}


def test_ten_pieces_are_cheaper():
    assert client.get("/total/pen?count=10").json()["cents"] == 1080


def test_unknown_item():
    assert client.get("/total/car").status_code == 404
